import { objects } from './restore';
import { KUBERNETES_RUNBOOK } from './runbook';
import { ConstructEngine } from '../../engine-api/engine';

export const KUBERNETES: ConstructEngine<'kubernetes'> = {
  title: 'Kubernetes',
  defaultMode: () => objects({}),
  runbook: KUBERNETES_RUNBOOK,
  contents: () => ({
    noDatabase: {
      inSet: '\'members\' has Secrets of Kubernetes, and they are no database: back them up in a BackupCronJob of their own',
      inDrill: '\'backup\' is of Secrets of Kubernetes, and a drill needs a database: try the restore with --dry-run, which asks the API server',
    },
  }),
};
