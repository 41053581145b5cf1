import { SqliteRestoreOptions } from './sqlite-restore-options';
import { SqliteConfig, SqliteTargetConfig } from '../../../contract/config';
import { checkAssertions } from '../../core/check';
import { RestoreDefinition } from '../../engine-api/restore';

/** Into a file beside, which then takes the live one's name. */
export function replaceFile(options: SqliteRestoreOptions): RestoreDefinition<'sqlite'> {
  const target = targetOf(options);
  return {
    engine: 'sqlite',
    needsScratch: false,
    // The file that was there is kept beside.
    bind: (_scope, source) => ({ ...source, config: target(source.config), storesPrevious: false }),
  };
}

/** Checks the options at once; what it returns is told the source. */
export function targetOf({ keepPrevious = true, assertions }: SqliteRestoreOptions): (source: SqliteConfig) => SqliteTargetConfig {
  const checked = checkAssertions(assertions);
  return source => ({ ...source, keepPrevious, assertions: checked });
}
