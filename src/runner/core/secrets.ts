import { RunnerError } from './errors';
import { ExitCode } from '../../contract/exit-code';

/**
 * The secret that the environment variable `name` holds.
 *
 * @param what names its use in the message, for example `password of postgres@db:5432`
 */
export function secretFrom(env: NodeJS.ProcessEnv, name: string, what: string): string {
  const value = env[name];
  if (value === undefined || value === '') {
    throw new RunnerError(
      `the ${what} is missing: set the environment variable ${name} (in the cluster it comes from the Secret that the pod spec names)`,
      ExitCode.BAD_CONFIG,
    );
  }
  return value;
}
