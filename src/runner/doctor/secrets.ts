import { fault, DoctorFinding, ok } from './finding';
import { ExitCode } from '../../contract/exit-code';
import { InspectionConfig } from '../config/load';

/** Whether every environment variable that the config names is there: in a pod they come from Secrets. Values are not looked at. */
export function checkSecrets(config: InspectionConfig, env: NodeJS.ProcessEnv): DoctorFinding[] {
  const names = [...new Set(variablesIn(config))].sort();
  const missing = names.filter(name => env[name] === undefined || env[name] === '');
  if (missing.length === 0) return names.length === 0 ? [] : [ok('Secret', `all variables that the config names are set: ${names.join(', ')}`)];
  return missing.map(name => fault('Secret', `the variable ${name} is missing or empty`,
    'look at the Secret that the pod spec names: kubectl get secret NAME -o jsonpath=\'{.data}\' shows its keys; outside of a cluster, set the variable', ExitCode.BAD_CONFIG));
}

/** Fields whose names end in `Env` hold the names of variables; see the contract. */
function variablesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => key.endsWith('Env') && typeof value === 'string' ? [value] : variablesIn(value));
}
