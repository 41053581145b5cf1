import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { codeOf, RunnerError } from './errors';
import { FILE_SUFFIX } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';

/**
 * The secret that the environment variable `name` holds, or the file that `NAME_FILE` names: read anew each time, since in a pod it follows
 * the Secret. One line break at its end is none of it: editors and `echo` leave one there.
 *
 * @param what names its use in the message, for example `password of postgres@db:5432`
 */
export function secretFrom(env: NodeJS.ProcessEnv, name: string, what: string): string {
  const value = env[name];
  if (value) return value;
  const file = secretFile(env, name);
  if (file !== undefined) return secretIn(file, name, what);
  throw new RunnerError(
    `the ${what} is missing: set the environment variable ${name}, or ${name}${FILE_SUFFIX} to a file that holds it (in the cluster it comes from the Secret that the pod spec names)`,
    ExitCode.BAD_CONFIG,
  );
}

/** The file that a secret is read from; `undefined` where it is in a variable, or nowhere. */
export function secretFile(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name] ? undefined : env[name + FILE_SUFFIX] || undefined;
}

function secretIn(file: string, name: string, what: string): string {
  const wayOut = `look at the key ${basename(file)} of the Secret that is mounted there, or set ${name}${FILE_SUFFIX} to a file that holds it`;
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new RunnerError(`the ${what} is missing: ${file}, which ${name}${FILE_SUFFIX} names, can't be read (${codeOf(error)}): ${wayOut}`, ExitCode.BAD_CONFIG);
  }
  if (text === '') throw new RunnerError(`the ${what} is missing: ${file}, which ${name}${FILE_SUFFIX} names, is empty: ${wayOut}`, ExitCode.BAD_CONFIG);
  return text;
}
