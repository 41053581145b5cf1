import { fault, DoctorFinding, ok } from './finding';
import { ExitCode } from '../../contract/exit-code';
import { InspectionConfig } from '../config/load';
import { messageOf } from '../core/errors';
import { secretFile, secretFrom } from '../core/secrets';

/** Whether everything is there that the config names: environment variables, or files in their place. In a pod they come from Secrets. Values are not shown. */
export function checkSecrets(config: InspectionConfig, env: NodeJS.ProcessEnv): DoctorFinding[] {
  const names = [...new Set(variablesIn(config))].sort();
  const missing = names.flatMap(name => whyMissing(env, name) ?? []);
  if (missing.length === 0) return names.length === 0 ? [] : [ok('Secret', `all variables that the config names are set: ${names.join(', ')}`)];
  return missing.map(why => fault('Secret', why,
    'look at the Secret that the pod spec names: kubectl get secret NAME -o jsonpath=\'{.data}\' shows its keys; outside of a cluster, set the variable', ExitCode.BAD_CONFIG));
}

function whyMissing(env: NodeJS.ProcessEnv, name: string): string | undefined {
  if (secretFile(env, name) === undefined) return env[name] ? undefined : `the variable ${name} is missing or empty`;
  try {
    secretFrom(env, name, `value of ${name}`);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Fields whose names end in `Env` hold the names of variables; see the contract. */
function variablesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => key.endsWith('Env') && typeof value === 'string' ? [value] : variablesIn(value));
}
