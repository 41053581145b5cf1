import { written } from './written-schema';
import { drillSchema, failedRunSchema, verificationSchema } from '../../src/runner/catalog/history';
import { recordSchema } from '../../src/runner/catalog/record';

/* The documents in a store. Their fields are those by which the program reads them, and their descriptions those of the contract. */

export const record = written(recordSchema, {
  '': 'record.ts#BackupRecord',
  'source': 'record.ts#RecordedSource',
  'members': 'record.ts#RecordedSource',
  'artifacts': 'record.ts#RecordedArtifact',
  'artifacts.compression': 'record.ts#RecordedCompression',
  'artifacts.counts': 'record.ts#RecordedCounts',
  'safety': 'record.ts#RecordedSafety',
  'imported': 'record.ts#RecordedImport',
});
export const verification = written(verificationSchema, { '': 'verification-record.ts#VerificationRecord' });
export const drill = written(drillSchema, { '': 'drill-record.ts#DrillRecord', 'checks': 'drill-record.ts#DrillCheck' });
export const failedRun = written(failedRunSchema, { '': 'failed-run.ts#FailedRun' });
