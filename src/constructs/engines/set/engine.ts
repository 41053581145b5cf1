import { restoreSet } from './restore';
import { setRunbook } from './runbook';
import { DatabaseConfig, DatabaseTargetConfig, SourceConfig } from '../../../contract/config';
import { ConstructEngine } from '../../engine-api/engine';
import { RestoreDefinition } from '../../engine-api/restore';
import { EngineRunbook } from '../../engine-api/runbook';

/**
 * @param defaultMode of each member, which is of another engine
 * @param runbookOf of each member as well
 */
export function setEngine(
  defaultMode: (member: SourceConfig) => RestoreDefinition, runbookOf: (member: DatabaseConfig | DatabaseTargetConfig) => EngineRunbook,
): ConstructEngine<'set'> {
  return {
    title: 'a set',
    defaultMode: ({ members }) => restoreSet(Object.fromEntries(Object.entries(members).map(([name, member]) => [name, defaultMode(member)]))),
    contents: ({ members }) => ({ members }),
    runbook: setRunbook(runbookOf),
  };
}
