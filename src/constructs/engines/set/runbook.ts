import { DatabaseConfig, DatabaseTargetConfig } from '../../../contract/config';
import { EngineRunbook } from '../../engine-api/runbook';

/** Of all members together. */
export function setRunbook(runbookOf: (member: DatabaseConfig | DatabaseTargetConfig) => EngineRunbook): EngineRunbook<'set'> {
  return {
    describe: ({ members }) => Object.entries(members).map(([name, member]) => `${name}: ${runbookOf(member).describe(member)}`).join('; '),
    fromOutside: ({ members }, route) => {
      const all = Object.entries(members).map(([name, member]) => ({ name, way: runbookOf(member).fromOutside(member, route) }));
      return {
        api: false,
        settings: all.flatMap(({ name, way }) => way.settings.map(setting => `members.${name}.${setting}`)),
        notes: all.flatMap(({ name, way }) => way.notes.map(note => `${name}: ${note}`)),
      };
    },
    besideContainer: ({ members }, route) => {
      const all = Object.entries(members).flatMap(([name, member]) => {
        const way = runbookOf(member).besideContainer(member, route);
        return way === null ? [] : [{ name, way }];
      });
      if (all.length < Object.keys(members).length) return null;
      return {
        settings: all.flatMap(({ name, way }) => way.settings.map(setting => `members.${name}.${setting}`)),
        network: all.some(({ way }) => way.network),
        files: all.flatMap(({ way }) => way.files),
      };
    },
    keepsPrevious: ({ members }) => Object.values(members).every(member => runbookOf(member).keepsPrevious(member)),
    partOf: () => null,
    stockTools: ({ members }, files) => Object.entries(members).flatMap(([name, member]) => runbookOf(member).stockTools(member, `${files}.${name}`)),
  };
}
