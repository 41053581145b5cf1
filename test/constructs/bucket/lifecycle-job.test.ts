import { Chart, Duration, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import {
  BackupBucketLifecycle, BackupBucketLifecycleProps, BackupStore, LifecycleApplyJobOptions, OtherLifecycleRules,
  S3Credentials, TransitionDefaultMinimumObjectSize,
} from '../../../src';
import { unescapeEnvValue } from '../../../src/contract/config';
import { LIFECYCLE_ENV } from '../../../src/contract/lifecycle';
import { checkLifecycleConfig } from '../../../src/runner/lifecycle/config';
import { objectsOf } from '../../synth';

const store = BackupStore.s3({ bucketName: 'shop-backups', prefix: 'shop', region: 'eu-central-1' });

describe('applyJob', () => {
  function job(changes: Partial<BackupBucketLifecycleProps> = {}): { readonly objects: any[]; readonly job: any; readonly config: any } {
    const chart = new Chart(Testing.app(), 'chart', { namespace: 'shop' });
    new BackupBucketLifecycle(chart, 'lifecycle', {
      store, rules: [{ id: 'x', prefix: 'shop/$$(A)', abortIncompleteMultipartUploadAfter: Duration.days(3) }], applyJob: {}, ...changes,
    });
    const objects = objectsOf(chart);
    const found = objects.find(({ kind }) => kind === 'Job');
    const value = found.spec.template.spec.containers[0].env.find(({ name }: any) => name === LIFECYCLE_ENV).value as string;
    return { objects, job: found, config: checkLifecycleConfig(JSON.parse(unescapeEnvValue(value))) };
  }

  test('is not there by default', () => {
    const chart = Testing.chart();
    new BackupBucketLifecycle(chart, 'lifecycle', { store, rules: [{ id: 'x', expiration: Duration.days(9) }] });
    expect(objectsOf(chart)).toEqual([]);
  });

  test('is a Job with all that the runner needs, and a service account without rights', () => {
    expect(job().objects).toMatchSnapshot();
  });

  test('says the bucket, the rules and the header', () => {
    const { config } = job({ transitionDefaultMinimumObjectSize: TransitionDefaultMinimumObjectSize.VARIES_BY_STORAGE_CLASS });
    expect(config).toMatchObject({
      version: 1,
      store: { bucketName: 'shop-backups', credentials: { accessKeyIdEnv: 'AWS_ACCESS_KEY_ID' } },
      document: { Rules: [{ ID: 'cdk8s-backup.x', Filter: { Prefix: 'shop/$$(A)' } }] },
      transitionDefaultMinimumObjectSize: 'varies_by_storage_class',
    });
  });

  test('fails for a document whose rules the runner would not know as its own', () => {
    const document = JSON.stringify({ Rules: [{ ID: 'old', Status: 'Enabled', Filter: {}, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } }] });
    expect(() => job({ rules: undefined, document })).toThrow('\'applyJob\' needs rules whose ID begins with "cdk8s-backup.", got "old" in \'document\'');
  });

  test('is another Job for other rules, since the pod of a Job can\'t be changed, and the same for the same', () => {
    const other = job({ rules: [{ id: 'y', expiration: Duration.days(9) }] }).job.metadata.name;
    expect(job().job.metadata.name).toBe(job().job.metadata.name);
    expect(other).not.toBe(job().job.metadata.name);
  });

  test('is another Job for whatever else of it changes, so that nothing that is applied is refused', () => {
    const variants: LifecycleApplyJobOptions[] = [{}, { image: 'registry/runner:2' }, { labels: { team: 'db' } }, { otherRules: OtherLifecycleRules.KEEP }];
    const names = variants.map(applyJob => job({ applyJob }).job.metadata.name);
    expect(new Set(names).size).toBe(variants.length);
  });

  test('is the same Job when the construct is moved, and the construct knows its name', () => {
    const nameIn = (...path: string[]) => {
      const chart = new Chart(Testing.app(), 'chart', { namespace: 'shop' });
      const scope = path.reduce<Construct>((parent, id) => new Construct(parent, id), chart);
      const { applyJobName } = new BackupBucketLifecycle(scope, 'l', { store, rules: [{ id: 'x', expiration: Duration.days(9) }], applyJob: {} });
      expect(objectsOf(chart).find(({ kind }) => kind === 'Job').metadata.name).toBe(applyJobName);
      return applyJobName;
    };
    expect(nameIn('Buckets')).toBe(nameIn());
  });

  test('does not show among backups', () => {
    expect(job().objects.map(({ metadata }) => metadata.labels.component)).toEqual(Array(3).fill('backup-lifecycle'));
    expect(() => job({ applyJob: { labels: { component: 'backup' } } })).toThrow('\'labels\' must not be those of a backup');
  });

  test('leaves rules of others alone unless it is told', () => {
    const args = (otherRules?: OtherLifecycleRules) => job({ applyJob: { otherRules } }).job.spec.template.spec.containers[0].args;
    expect(args()).toEqual(['lifecycle', 'apply']);
    expect(args(OtherLifecycleRules.KEEP)).toEqual(['lifecycle', 'apply', '--keep-others']);
    expect(args(OtherLifecycleRules.REMOVE)).toEqual(['lifecycle', 'apply', '--remove-others']);
  });

  test('takes a service account, labels and an image', () => {
    const serviceAccount = kplus.ServiceAccount.fromServiceAccountName(Testing.chart(), 'account', 'bucket-owner');
    const { job: { metadata, spec } } = job({ applyJob: { serviceAccount, labels: { team: 'db' }, image: 'registry/runner:1' } });
    expect(metadata.labels).toMatchObject({ team: 'db' });
    expect(metadata.labels).not.toHaveProperty('component');
    expect(spec.template.spec).toMatchObject({ serviceAccountName: 'bucket-owner', containers: [{ image: 'registry/runner:1' }] });
  });

  test('may have credentials of its own, for a backup should not be able to change rules', () => {
    const own = BackupStore.s3({
      bucketName: 'shop-backups', region: 'eu-central-1', credentials: S3Credentials.workloadIdentity({ serviceAccountAnnotations: { role: 'bucket-owner' } }),
    });
    const account = job({ store: own }).objects.find(({ kind }) => kind === 'ServiceAccount');
    expect(account.metadata.annotations).toEqual({ role: 'bucket-owner' });
  });
});
