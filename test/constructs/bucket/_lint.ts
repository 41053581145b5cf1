import { Chart, Testing } from 'cdk8s';
import { BackupBucketLifecycle, BackupBucketLifecycleProps, BackupCronJob, BackupCronJobProps, BackupStore } from '../../../src';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { props } from '../../synth';

export const store = BackupStore.s3({ bucketName: 'shop-backups', prefix: 'shop', region: 'eu-central-1' });

interface Linted {
  /** Everything that keeps the app from being synthesized. */
  readonly error: string;
  readonly warnings: readonly string[];
}

/** One backup that writes where the rules of these tests act. */
type Backup = Partial<BackupCronJobProps>;

/** Checks a document; unless a test says otherwise, nothing is missing in it. */
export function lint(rules: readonly any[], changes: Partial<BackupBucketLifecycleProps> = {}, backup?: Backup): Linted {
  const app = Testing.app();
  const chart = new Chart(app, 'chart');
  const document = changes.rules ? undefined : JSON.stringify({ Rules: rules });
  let lifecycle: BackupBucketLifecycle;
  const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    if (backup) new BackupCronJob(chart, 'db-backup', props({ backupName: 'orders', stores: [store], ...backup }));
    lifecycle = new BackupBucketLifecycle(chart, 'lifecycle', { store, document, ...changes });
    app.synth();
  } catch (error) {
    return { error: (error as Error).message, warnings: [] };
  } finally {
    stderr.mockRestore();
  }
  return { error: '', warnings: warningsOf(lifecycle) };
}

export const base = { ID: 'x', Status: 'Enabled', Filter: { Prefix: 'shop/' } };
export const complete = { NoncurrentVersionExpiration: { NoncurrentDays: 10 }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } };
export const days = (Days: number, StorageClass: string) => ({ Days, StorageClass });

export function rule(changes: object): any {
  return { ...base, ...complete, ...changes };
}

/** A rule with transitions, and what it takes to be complete. */
export function moving(...transitions: object[]): any {
  return rule({ Transitions: transitions });
}

/** Nothing but the warning that every expiration gets. */
export function expectPinsOnly({ error, warnings }: Linted): void {
  expect([error, ...warnings]).toEqual(['', expect.stringContaining('what is pinned or held')]);
}

export function expectError(linted: Linted, number: number, text: string): void {
  expect(linted.error).toContain(`[${number}] error: `);
  expect(linted.error).toContain(text);
}

export function expectWarning(linted: Linted, number: number, text: string): void {
  expect(linted.error).toBe('');
  expect(linted.warnings).toEqual([expect.stringContaining(`[${number}] warning: `)]);
  expect(linted.warnings[0]).toContain(text);
}

export const fine: Linted = { error: '', warnings: [] };
