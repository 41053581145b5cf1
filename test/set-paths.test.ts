import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SRC } from './_imports';
import { publicApi } from './_public-api';

/*
 * A path of `--set` is called as the property that says the same, with the unit or the kind behind it: `source.databaseName`,
 * `activeDeadlineSeconds`. The fields are read from the contract, so that one that is added has to be looked at here.
 */
const BEHIND = /(Seconds|Bytes|Hours|Env)$/;

/** Fields without a property of their name, and why. */
const REVIEWED: { readonly [field: string]: string } = {
  version: 'of the document',
  kind: 'of the document, or of an object of Kubernetes',
  engine: 'follows from the factory: BackupSource.postgres',
  type: 'follows from the factory: BackupStore.s3',
  algorithm: 'follows from the factory: Compression.zstd',
  kmsKeyId: 'of S3Encryption.kms',
  labelSelector: 'matchLabels as the API takes them',
  keepLast: 'of Retention, as are the next ones, in the words of restic',
  keepHourly: 'hourly',
  keepDaily: 'daily',
  keepWeekly: 'weekly',
  keepMonthly: 'monthly',
  keepYearly: 'yearly',
  pruneAfterBackup: 'follows from where prune runs',
  accessKeyIdEnv: 'not the key of the Secret, but the variable that has what is there',
  secretAccessKeyEnv: 'as accessKeyIdEnv',
  sessionTokenEnv: 'as accessKeyIdEnv',
  scratch: 'where a volume is in the pod, as the next ones',
  directory: 'where a volume is in the pod',
  identityFile: 'where a Secret is in the pod',
  caFile: 'where a certificate is in the pod',
  advertiseHostEnv: 'where the pod learns its address',
  cronJob: 'what the status page tells to type',
  restoreJob: 'as cronJob',
  once: 'follows from RestoreTrigger.onApply',
  staleAfterSeconds: 'follows from the schedule',
  verifiedWithinSeconds: 'follows from the schedule, or is maxVerificationAge',
  drilledWithinSeconds: 'follows from the schedule, or is maxDrillAge',
};

const PROPERTIES = new Set(publicApi().flatMap(entry => /^\w+\.(\w+)(?:\((\w+))?/.exec(entry)!.slice(1)).filter(Boolean));

function fields(): string[] {
  const files = ['config.ts', ...['engines', 'stores'].flatMap(folder => readdirSync(join(SRC, 'contract', folder)).filter(file => file !== 'table.ts').map(file => join(folder, file)))];
  return files.flatMap(file => readFileSync(join(SRC, 'contract', file), 'utf8').split(/^export interface /m).slice(1).flatMap(text => {
    const [body] = /^[^{]*\{.*?^\}/ms.exec(text)!;
    return [...body.matchAll(/^ {2}readonly (\w+)/gm)].map(([, field]) => field!);
  }));
}

const isProperty = (field: string) => PROPERTIES.has(field) || PROPERTIES.has(field.replace(BEHIND, ''));

test('are found', () => {
  expect(fields()).toEqual(expect.arrayContaining(['activeDeadlineSeconds', 'databaseName', 'bucketName']));
  expect(PROPERTIES.size).toBeGreaterThan(200);
});

test('have the names of properties, or were reviewed', () => {
  expect(fields().filter(field => !isProperty(field) && !(field in REVIEWED))).toEqual([]);
});

test('have no review of what is gone, or has a property', () => {
  expect(Object.keys(REVIEWED).filter(field => !fields().includes(field) || isProperty(field))).toEqual([]);
});
