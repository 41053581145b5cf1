/*
 * What properties about databases take.
 */
import { BackupSource } from './backup-source';
import { RestoreMode } from './restore-mode';
import { Takes } from '../core/form';
import { instance } from '../core/takes';

export const SOURCE: Takes<BackupSource> = instance(
  BackupSource, 'a BackupSource', 'BackupSource.postgres with \'host\': "postgres", \'databaseName\': "orders" and \'user\': "backup"');
export const MODE: Takes<RestoreMode> = instance(RestoreMode, 'a RestoreMode', 'RestoreMode.postgresSwap()');
