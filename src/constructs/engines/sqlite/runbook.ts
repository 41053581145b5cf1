import { posix } from 'path';
import { shellWord } from '../../core/shell-word';
import { EngineRunbook } from '../../engine-api/runbook';

export const SQLITE_RUNBOOK: EngineRunbook<'sqlite'> = {
  describe: ({ path }) => `SQLite file ${path}`,

  fromOutside: ({ path }) => ({
    api: false,
    settings: [`path="$PWD"/${shellWord(posix.basename(path))}`],
    notes: [`It writes ${posix.basename(path)} into the present folder, and nothing into the cluster.`],
  }),

  besideContainer: ({ path }) => ({ settings: [], network: false, files: [path] }),

  keepsPrevious: ({ keepPrevious }) => keepPrevious,

  partOf: () => null,

  stockTools: (_source, files) => [`sqlite3 ${files}.db 'PRAGMA integrity_check'`],
};
