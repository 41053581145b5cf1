import { EngineRunbook } from '../../engine-api/runbook';

export const KUBERNETES_RUNBOOK: EngineRunbook<'kubernetes'> = {
  describe: ({ namespace, secretNames, configMapNames, labelSelector }) => {
    const names = [...secretNames.map(name => `Secret ${name}`), ...configMapNames.map(name => `ConfigMap ${name}`)];
    const which = names.length > 0 ? names.join(', ') : `Secrets and ConfigMaps${labelSelector === null ? '' : ` with ${labelSelector}`}`;
    return `${which} of namespace ${namespace}`;
  },
  fromOutside: () => ({ api: true, settings: [], notes: [] }),
  besideContainer: () => null,
  keepsPrevious: () => true,
  partOf: () => null,
  stockTools: ({ namespace }, files) => [`kubectl -n ${namespace} apply -f ${files}.yaml`],
};
