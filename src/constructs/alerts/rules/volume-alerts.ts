import { AlertRule, alertRule, series } from './rule';
import { AlertContext, AlertVolume, fullWithinSeconds, trendSeconds } from './target';
import { showSeconds } from '../../core/check';

/**
 * Alerts on a claim. Its numbers exist while a pod has it mounted, some minutes a day, so all of them look back to the last run.
 */
export function volumeRules(context: AlertContext, { namespace, claim, windowSeconds: window }: AlertVolume): AlertRule[] {
  const ns = context.kubeletNamespaceLabel;
  const labels = { namespace, persistentvolumeclaim: claim };
  const trend = trendSeconds(window);
  const ahead = fullWithinSeconds(window);
  const bytes = (kind: string, offset: string = '') =>
    `last_over_time(${series(`kubelet_volume_stats_${kind}_bytes`, { ...context.matchLabels, [ns]: namespace, persistentvolumeclaim: claim })}[${window}s]${offset})`;
  const available = `min by (${ns}, persistentvolumeclaim) (${bytes('available')})`;
  const wayOut = `Expand it, if its class allows it: kubectl patch pvc/${claim} -n ${namespace} -p '{"spec":{"resources":{"requests":{"storage":"NEW"}}}}', and raise 'size' of the store; or keep fewer backups`;
  const free = (severity: 'critical' | 'warning', share: number) => alertRule(context, {
    alert: 'BackupVolumeFillingUp',
    severity,
    expr: `
      ${available}
      / on (${ns}, persistentvolumeclaim)
      max by (${ns}, persistentvolumeclaim) (${bytes('capacity')})
      < ${share}`,
    summary: `The backup volume ${claim} fills up`,
    description: `{{ $value | humanizePercentage }} of it is free. A run for which there is no room fails. ${wayOut}`,
    labels,
  });
  return [
    free('warning', 0.15),
    free('critical', 0.05),
    alertRule(context, {
      alert: 'BackupVolumeFullSoon',
      severity: 'warning',
      for: '1h',
      expr: `
        ${available}
        - on (${ns}, persistentvolumeclaim)
        (
          max by (${ns}, persistentvolumeclaim) (${bytes('available', ` offset ${trend}s`)})
          - on (${ns}, persistentvolumeclaim)
          ${available}
        ) * ${Number((ahead / trend).toFixed(4))}
        < 0`,
      summary: `The backup volume ${claim} will be full within ${showSeconds(ahead)}`,
      description: `That is so if it fills as fast as in the last ${showSeconds(trend)}. ${wayOut}`,
      labels,
    }),
  ];
}
