import { Construct } from 'constructs';
import { BackupCronJobProps } from './backup-cron-job-props';
import { BackupSettings } from './backup-settings';
import { warn } from '../core/warnings';
import { SourceParts } from '../engine-api/source';
import { StoreParts } from '../parts/store-parts';
import { Recovery } from '../recovery/recovery';
import { besideData, warnBesideData } from '../stores/beside-data';
import { storeType } from '../stores/store-types';

/** The arithmetic of recovery of a backup. Refuses objectives that are not held, and warns in `scope` of what is unwise. */
export function recoveryOf(
  scope: Construct, props: BackupCronJobProps, settings: BackupSettings, { dataClaims }: SourceParts, stores: readonly StoreParts[],
): Recovery {
  const { timeZone, startingDeadlineSeconds, deadlineSeconds } = settings.job;
  const recovery = new Recovery({
    backupName: settings.backupName,
    cronJobName: settings.cronJobName,
    schedule: props.schedule?.expressionString,
    timeZone,
    startingDeadlineSeconds,
    deadlineSeconds,
    retention: settings.retention,
    objectives: props.objectives,
    stores: stores.map(({ config: store, secretName, claimName, capacity }, i) => ({
      name: store.name,
      location: besideData(claimName, dataClaims) ?? props.stores[i].location,
      storageClass: storeType(store).storageClass(store),
      capacity,
      secretName,
    })),
  });
  const [problem] = recovery.problems();
  if (problem !== undefined) throw new Error(problem);
  for (const warning of [...recovery.warnings(), ...warnBesideData(stores, dataClaims)]) warn(scope, warning);
  return recovery;
}
