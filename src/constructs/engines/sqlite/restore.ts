import { SqliteRestoreOptions } from './sqlite-restore-options';
import { SqliteConfig, SqliteTargetConfig } from '../../../contract/config';
import { checkAssertions } from '../../core/check';
import { checkForm, Form } from '../../core/form';
import { FLAG, listOf, text } from '../../core/takes';
import { RestoreDefinition } from '../../engine-api/restore';

const FORM: Form<SqliteRestoreOptions> = { keepPrevious: FLAG, assertions: listOf(text('SELECT count(*) > 0 FROM users')) };

/** Into a file beside, which then takes the live one's name. */
export function replaceFile(options: SqliteRestoreOptions): RestoreDefinition<'sqlite'> {
  checkForm(options, FORM);
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
