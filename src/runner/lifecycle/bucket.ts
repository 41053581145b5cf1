import {
  DeleteBucketLifecycleCommand, GetBucketLifecycleConfigurationCommand, LifecycleRule, PutBucketLifecycleConfigurationCommand,
  TransitionDefaultMinimumObjectSize,
} from '@aws-sdk/client-s3';
import { AnyRule, Configuration } from './diff';
import { S3StoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { messageOf, RunnerError } from '../core/errors';
import { PATIENCE } from '../store-api/service';
import { openS3, S3Target } from '../stores/s3/client';
import { explainS3Error, isUnsupported, s3ErrorName, s3Status } from '../stores/s3/errors';

/** What a bucket has. */
export interface PresentConfiguration extends Configuration {
  /** Whether the service has lifecycle rules at all. */
  readonly supported: boolean;
}

/** The lifecycle configuration of one bucket. */
export class LifecycleBucket {
  public readonly location: string;
  private readonly target: S3Target;

  constructor(config: S3StoreConfig, env: NodeJS.ProcessEnv) {
    this.target = openS3({ ...config, prefix: '' }, env, PATIENCE);
    this.location = this.target.location;
  }

  public async read(signal: AbortSignal): Promise<PresentConfiguration> {
    const { client, bucket } = this.target;
    try {
      const answer = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }), { abortSignal: signal });
      return { rules: answer.Rules ?? [], minimumSize: answer.TransitionDefaultMinimumObjectSize ?? null, supported: true };
    } catch (error) {
      if (isUnsupported(error)) return { rules: [], minimumSize: null, supported: false };
      if (s3ErrorName(error) === 'NoSuchLifecycleConfiguration') return { rules: [], minimumSize: null, supported: true };
      throw this.explained(error, 'read its lifecycle rules', signal);
    }
  }

  /** Replaces everything that is there. */
  public async write({ rules, minimumSize }: Configuration, signal: AbortSignal): Promise<void> {
    const { client, bucket } = this.target;
    try {
      if (rules.length === 0) {
        await client.send(new DeleteBucketLifecycleCommand({ Bucket: bucket }), { abortSignal: signal });
        return;
      }
      await client.send(new PutBucketLifecycleConfigurationCommand({
        Bucket: bucket,
        LifecycleConfiguration: { Rules: rules.map(withDates) },
        TransitionDefaultMinimumObjectSize: (minimumSize ?? undefined) as TransitionDefaultMinimumObjectSize | undefined,
      }), { abortSignal: signal });
    } catch (error) {
      throw this.explained(error, 'set its lifecycle rules', signal);
    }
  }

  private explained(error: unknown, doing: string, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    const { name, location } = this.target;
    if (s3Status(error) === 400 && ['MalformedXML', 'InvalidRequest', 'InvalidArgument'].includes(s3ErrorName(error))) {
      return new RunnerError(`${name} (${location}): the service refuses the rules (${s3ErrorName(error)}: ${messageOf(error)}): is the 'provider' of the lifecycle the right one?`,
        ExitCode.BAD_CONFIG, { cause: error });
    }
    return explainS3Error(error, this.target, doing);
  }
}

/** The SDK wants objects where JSON has text. */
function withDates(rule: AnyRule): LifecycleRule {
  const dated = <T extends AnyRule>(part: T) => part.Date === undefined ? part : { ...part, Date: new Date(part.Date as string) };
  return {
    ...rule,
    ...rule.Expiration && { Expiration: dated(rule.Expiration) },
    ...rule.Transitions && { Transitions: (rule.Transitions as readonly AnyRule[]).map(dated) },
  } as LifecycleRule;
}
