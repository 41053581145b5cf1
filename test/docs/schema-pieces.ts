import * as z from 'zod';

/* What several schemas of outputs are made of. */

export const count = z.int().min(0);
export const seconds = z.number().min(0);
export const instant = z.iso.datetime();
export const texts = z.array(z.string());
export const mapOf = <T extends z.ZodType>(value: T) => z.record(z.string(), value);

/** What list, show and the exporter say of a backup beside its record. */
export const state = {
  usable: z.boolean().describe('Whether it may serve as the latest: not suspect, or accepted; not from the future; and a copy is whole and was not found damaged.'),
  accepted: z.boolean().describe('Whether somebody has accepted it although it is suspect.'),
  ahead: z.boolean().describe('Whether it says that it is from the future.'),
  differing: z.boolean().describe('Whether the stores have different records of it.'),
  bytes: count.describe('Stored bytes of all artifacts.'),
  copies: mapOf(z.string()).describe('By name of the store: "ok", or what is wrong with the copy there, in words.'),
};
export const tookSeconds = seconds.describe('From start to finish.');

/** What `verify` says of each copy. */
export const verified = z.array(z.strictObject({
  id: z.string(),
  store: z.string(),
  result: z.string().describe('"ok", or what is wrong, in words.'),
  digestOnly: z.string().optional().describe('Why the format was not read; absent if it was.'),
  repairedFrom: z.string().optional().describe('Name of the store whose copy has replaced this one.'),
  wouldRepairFrom: z.string().optional().describe('With --dry-run: name of the store whose copy would replace this one.'),
}));
/** What `import` says. */
export const imported = {
  name: z.string(),
  from: z.string().describe('Where the files are.'),
  timeZone: z.string().describe('Of the times in names.'),
  dryRun: z.boolean(),
  files: z.array(z.strictObject({
    file: z.string(),
    outcome: z.enum(['imported', 'would-be-imported', 'already-there', 'not-taken', 'failed']),
    reason: z.string().nullable().describe('Why not, or what is to be known of it, in words.'),
    id: z.string().nullable().describe('The backup that it is, or would be.'),
    timeFrom: z.string().nullable().describe('How its time was read, in words.'),
    checksumFile: z.string().nullable().describe('Name of the file with the checksum that was compared.'),
    exitCode: z.int().describe('0 unless it failed.'),
  })),
};
/** What `prune` says of stores. */
export const stopped = z.array(z.strictObject({ store: z.string().nullable(), reason: z.string(), begun: z.literal(true).optional() }))
  .describe('Why nothing, or (begun) nothing more, is removed in a store; in all where store is null.');
