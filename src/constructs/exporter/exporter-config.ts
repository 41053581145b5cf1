import { BackupExporterProps } from './backup-exporter-props';
import { ExporterSettings } from './exporter-settings';
import { ExporterStores } from './stores';
import { CONFIG_VERSION, ExportedBackupConfig, ExporterConfig, renderConfig } from '../../contract/config';
import { BackupCronJob } from '../backup/backup-cron-job';
import { RelatedCronJobFacts } from '../backup/job-facts';
import { wholeSeconds } from '../core/check';

/** Metrics come late, and clocks differ. */
const SLACK_SECONDS = 900;

/** Linux takes no longer environment variable than 128 KiB. */
const MAX_CONFIG_BYTES = 120_000;

/** What the runner is told, checked as a whole. */
export function exporterConfig(props: BackupExporterProps, settings: ExporterSettings, stores: ExporterStores): ExporterConfig {
  const { restores, drills, port, refreshSeconds } = settings;
  const age = (property: 'maxVerificationAge' | 'maxDrillAge') => {
    const value = props[property];
    return value === undefined ? null : wholeSeconds(property, value, 1, 'it is in the past');
  };
  const config: ExporterConfig = {
    version: CONFIG_VERSION,
    kind: 'exporter',
    cluster: props.cluster ?? null,
    environment: props.environment ?? null,
    runbookUrl: props.runbookUrl,
    backups: props.backups.map((backup): ExportedBackupConfig => ({
      ...describe(backup),
      restoreJob: restores.find(restore => restore._backup === backup)?.resourceName ?? null,
      stores: stores.of(backup),
      verifiedWithinSeconds: age('maxVerificationAge') ?? allowedAge(backup._jobFacts.verify ? [backup._jobFacts.verify] : []),
      drilledWithinSeconds: age('maxDrillAge') ?? allowedAge(drills.filter(({ _drill }) => _drill.backup === backup).map(({ _drill }) => _drill)),
    })),
    port,
    refreshSeconds,
  };
  checkSize(config);
  return config;
}

/** What is known of a backup without its stores. */
function describe(backup: BackupCronJob) {
  const { scenarios, worstDataAgeSeconds } = backup.recoveryReport();
  const rtos = scenarios.flatMap(({ rtoSeconds }) => rtoSeconds === undefined ? [] : [rtoSeconds]);
  return {
    name: backup.backupName,
    engine: backup._config.source.engine,
    namespace: backup._config.namespace,
    cronJob: backup.cronJobName,
    staleAfterSeconds: worstDataAgeSeconds === undefined ? null : worstDataAgeSeconds + SLACK_SECONDS,
    rpoSeconds: backup._recovery.rpoSeconds ?? null,
    rtoSeconds: rtos.length === 0 ? null : Math.min(...rtos),
  };
}

/** So old may the last run be before one is missing; `null` where there is no schedule. */
function allowedAge(cronJobs: readonly RelatedCronJobFacts[]): number | null {
  return cronJobs.length === 0 ? null : Math.max(...cronJobs.map(({ gapSeconds, deadlineSeconds }) => gapSeconds + deadlineSeconds + SLACK_SECONDS));
}

function checkSize(config: ExporterConfig): void {
  const bytes = new TextEncoder().encode(renderConfig(config)).length;
  if (bytes > MAX_CONFIG_BYTES) {
    throw new Error(`'backups' are too many for one exporter, got ${config.backups.length}: their config has ${bytes} bytes, and an environment variable takes ${MAX_CONFIG_BYTES}; make two exporters`);
  }
}
