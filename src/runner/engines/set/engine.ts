import { SetRestorer } from './restorer';
import { SetSource } from './source';
import { DatabaseEngines, Engine, engineIn } from '../../engine-api/engine';
import { wrongFormat } from '../../engine-api/format';

/** A set of any of `databases`. */
export function setOf(databases: DatabaseEngines): Engine<'set'> {
  return {
    title: 'A set of databases',
    intoNewFile: null,
    foreign: null,
    openSource: ({ members }, context) =>
      new SetSource(Object.entries(members).map(([name, member]) => [name, engineIn(databases, member).openSource(member, context)])),
    openRestorer({ members }, context) {
      const opened = Object.entries(members).map(([name, member]) => ({ name, restorer: engineIn(databases, member).openRestorer(member, context) }));
      return new SetRestorer(opened, context.reporter);
    },
    // The artifacts of a set are those of its members, and are read by their engines.
    readFormat: artifact => Promise.reject(wrongFormat(artifact, 'its record does not say which member of the set it is of')),
    formatTools: () => Promise.resolve({}),
  };
}
