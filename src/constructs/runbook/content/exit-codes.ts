import { NAMES } from './words';
import { ExitCode, RETRYABLE } from '../../../contract/exit-code';
import { Block, heading, paragraph, say, table } from '../document/document';

/** What each says, and what to do. A test compares the meanings with those of the contract. */
export const EXIT_CODES: { readonly [Name in keyof typeof ExitCode]: { readonly meaning: string; readonly then: string } } = {
  OK: { meaning: 'Done.', then: '' },
  FAILED: { meaning: 'Failed in a way that is not named below.', then: 'Read the last line.' },
  USAGE: { meaning: 'The command line can\'t be understood, or what it asks for was not confirmed.', then: 'Correct the command.' },
  DIFFERS: { meaning: '`lifecycle diff --exit-code` found a difference.', then: 'Apply the rules, or correct them.' },
  BAD_CONFIG: { meaning: 'The config can\'t be used.', then: 'Synthesize and apply the app of the same version as the image.' },
  CORRUPT: { meaning: 'Stored bytes don\'t match their digest, a restored backup fails a check, or the source itself is corrupt.', then: 'Take another store or an older backup.' },
  VERSION_MISMATCH: { meaning: 'A program is too old, or too new, for the server or the archive.', then: 'Take an image with the right programs.' },
  SUSPECT: { meaning: 'The backup was kept, but is suspect: it is empty, or much smaller than the one before.', then: 'Look at the database: has it lost data?' },
  DENIED: { meaning: 'A password or key is wrong, or a permission is missing.', then: 'Correct the Secret or the right that the message names.' },
  NOT_FOUND: { meaning: 'The database, file, bucket or backup is not there.', then: 'Compare the name with what is there.' },
  NO_SPACE: { meaning: 'A disk or quota is full.', then: 'Make room, or raise the size.' },
  DEADLINE: {
    meaning: 'Stopped at its deadline, or an application is not healthy after a restore, or a drill took longer than the declared RTO.',
    then: 'The last line says which.',
  },
  UNAVAILABLE: { meaning: 'A server can\'t be reached, or went away.', then: 'Look at the server and the network.' },
  CANCELLED: { meaning: 'Stopped by SIGTERM or SIGINT.', then: 'Start it again.' },
};

export function exitCodes(): Block[] {
  const all = Object.entries(EXIT_CODES) as [keyof typeof ExitCode, { readonly meaning: string; readonly then: string }][];
  return [
    heading(2, NAMES.EXIT_CODES),
    paragraph(say`The last line of a log says why the program has ended, and the next step. A Job tries again after those that are marked, and ends at once after the others.`),
    table(['code', 'meaning', 'tried again', 'then'], all.map(([name, { meaning, then }]) => [
      say`${ExitCode[name]}`, say`${meaning.replace(/`/g, '')}`, say`${RETRYABLE.includes(ExitCode[name]) ? 'yes' : ''}`, say`${then}`,
    ])),
  ];
}
