import { restoreSet } from './restore';
import { SourceConfig } from '../../../contract/config';
import { ConstructEngine } from '../../engine-api/engine';
import { RestoreDefinition } from '../../engine-api/restore';

/** @param defaultMode of each member, which is of another engine */
export function setEngine(defaultMode: (member: SourceConfig) => RestoreDefinition): ConstructEngine<'set'> {
  return {
    title: 'a set',
    defaultMode: ({ members }) => restoreSet(Object.fromEntries(Object.entries(members).map(([name, member]) => [name, defaultMode(member)]))),
    contents: ({ members }) => ({ members }),
  };
}
