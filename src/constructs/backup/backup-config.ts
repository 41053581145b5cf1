import { BackupCronJobProps } from './backup-cron-job-props';
import { BackupSettings } from './backup-settings';
import { BackupConfig, CONFIG_VERSION, ScratchConfig } from '../../contract/config';
import { checkHttpUrl, redact, show, showSeconds } from '../core/check';
import { SourceParts } from '../engine-api/source';
import { StoreParts } from '../parts/store-parts';
import { Compression } from '../pod/compression';
import { runnerDeadlineSeconds } from '../schedule/timing';

/** What of the config is not said by the props. */
export interface BackupParts {
  readonly namespace: string | undefined;
  readonly source: SourceParts;
  readonly stores: readonly StoreParts[];
  readonly scratch: ScratchConfig;
}

/** What the runner is told, checked as a whole. */
export function backupConfig(props: BackupCronJobProps, settings: BackupSettings, { namespace, source, stores, scratch }: BackupParts): BackupConfig {
  const config: BackupConfig = {
    version: CONFIG_VERSION,
    kind: 'backup',
    name: settings.backupName,
    namespace: namespace ?? null,
    source: source.config,
    stores: stores.map(store => store.config),
    compression: (props.compression ?? Compression.DEFAULT)._toConfig(),
    retention: settings.retention,
    pruneAfterBackup: settings.pruneAfterBackup,
    verify: settings.verification,
    encryption: props.encryption?._toConfig() ?? null,
    pushgatewayUrl: props.pushgatewayUrl === undefined ? null : checkPushgatewayUrl(props.pushgatewayUrl),
    suspectBelowPercent: settings.suspectBelowPercent,
    activeDeadlineSeconds: runnerDeadlineSeconds(settings.job.deadlineSeconds),
    scratch,
  };
  checkLockTimeouts(source, config);
  if (source.neverInTheClear !== null && config.encryption === null) throw new Error(source.neverInTheClear);
  return config;
}

function checkPushgatewayUrl(url: string): string {
  checkHttpUrl('pushgatewayUrl', url, 'use one that needs none, and let a NetworkPolicy say who may reach it', 'http://pushgateway:9091');
  if (/[?#]/.test(url)) throw new Error(`'pushgatewayUrl' must not have "?" or "#", got ${show(redact(url))}: give the base URL, the path is added`);
  return url;
}

function checkLockTimeouts({ lockTimeouts }: SourceParts, { activeDeadlineSeconds: deadlineSeconds }: BackupConfig): void {
  const tooLong = lockTimeouts.find(seconds => seconds >= deadlineSeconds);
  if (tooLong === undefined) return;
  throw new Error(`'lockTimeout' must be less than the time that a run has, ${showSeconds(deadlineSeconds)}, got ${showSeconds(tooLong)}: shorten it, or set a longer 'activeDeadline'`);
}
