import fc from 'fast-check';
import { BackupConfig, CONFIG_ENV, renderConfig, unescapeEnvValue } from '../../src/contract/config';

const config: BackupConfig = {
  version: 1,
  kind: 'backup',
  namespace: 'shop',
  name: 'orders',
  source: { engine: 'sqlite', path: '/data/$HOME/$(POD)/$$.db', lockTimeoutSeconds: 60 },
  stores: [{ type: 'folder', name: 'volume', directory: '/backups', folder: null }],
  compression: { algorithm: 'zstd', level: 3 },
  retention: {
    keepHours: 168, keepLast: null, keepHourly: null, keepDaily: null, keepWeekly: null, keepMonthly: null, keepYearly: null, keepAtLeast: 3,
  },
  pruneAfterBackup: false,
  verify: { olderPercent: 0, repair: false },
  encryption: null,
  pushgatewayUrl: null,
  suspectBelowPercent: 50,
  activeDeadlineSeconds: 21540,
  scratch: { directory: '/tmp', limitBytes: 1073741824 },
};

test('keeps the shape that released runners expect', () => {
  expect(CONFIG_ENV).toBe('CDK8S_BACKUP_CONFIG');
  expect(renderConfig(config)).toMatchInlineSnapshot('"{"version":1,"kind":"backup","namespace":"shop","name":"orders","source":{"engine":"sqlite","path":"/data/$$HOME/$$(POD)/$$$$.db","lockTimeoutSeconds":60},"stores":[{"type":"folder","name":"volume","directory":"/backups","folder":null}],"compression":{"algorithm":"zstd","level":3},"retention":{"keepHours":168,"keepLast":null,"keepHourly":null,"keepDaily":null,"keepWeekly":null,"keepMonthly":null,"keepYearly":null,"keepAtLeast":3},"pruneAfterBackup":false,"verify":{"olderPercent":0,"repair":false},"encryption":null,"pushgatewayUrl":null,"suspectBelowPercent":50,"activeDeadlineSeconds":21540,"scratch":{"directory":"/tmp","limitBytes":1073741824}}"');
});

test('comes back from a pod spec as it went in', () => {
  const dollars = fc.array(fc.constantFrom('$', '$$', '$(A)', '(', ')', '\\', '"', '\n', 'ü', '💾', 'A')).map(parts => parts.join(''));
  fc.assert(fc.property(dollars, text => {
    const named = { ...config, source: { ...config.source, path: text } } as BackupConfig;
    const seen = expandAsKubernetes(renderConfig(named));
    expect(seen).toBe(unescapeEnvValue(renderConfig(named)));
    expect(JSON.parse(seen)).toEqual(named);
  }));
});

/** What the kubelet makes of an env value when none of the variables that it may name exists. */
function expandAsKubernetes(value: string): string {
  return value.replace(/\$\$|\$\([^)]*\)/g, match => match === '$$' ? '$' : match);
}
