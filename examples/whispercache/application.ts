import { Chart } from 'cdk8s';
import { EnvVar, IntOrString, KubeDeployment, KubePersistentVolumeClaim, KubeService, Quantity } from 'cdk8s-plus-28/lib/imports/k8s';
import { asUser, UNPRIVILEGED } from './databases';
import { Profile } from './profiles';

/** Where the container listens. The Service has port 80. */
export const PORT = 3000;

/** The user of the runner, unless it is told of another one: a SQLite file is restored by the user that it belongs to. */
const USER = 10001;

/** The application: put your own image here, with what it needs. */
export function defineBackend(chart: Chart, { replicas, sqlite }: Profile): void {
  const metadata = { name: 'whispercache-backend' };
  const labels = { app: 'backend' };
  const env: EnvVar[] = [
    { name: 'PORT', value: String(PORT) },
    { name: 'POSTGRES_HOST', value: 'postgres' },
    { name: 'POSTGRES_DB', value: 'whispercache' },
    { name: 'POSTGRES_USER', value: 'whispercache' },
    { name: 'POSTGRES_PASSWORD', valueFrom: { secretKeyRef: { name: 'backup-secrets', key: 'POSTGRES_PASSWORD' } } },
    { name: 'REDIS_HOST', value: 'redis' },
    ...sqlite ? [{ name: 'SQLITE_FILE', value: '/app/data/whispercache.db' }] : [],
  ];
  if (sqlite) {
    new KubePersistentVolumeClaim(chart, 'whispercache-data', {
      metadata: { name: 'whispercache-data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: Quantity.fromString('1Gi') } } },
    });
  }
  new KubeDeployment(chart, 'backend', {
    metadata,
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          securityContext: asUser(USER),
          containers: [{
            name: 'main',
            image: 'registry.example.com/whispercache-backend:1.0.0',
            env,
            ports: [{ containerPort: PORT }],
            readinessProbe: { httpGet: { path: '/api/health', port: IntOrString.fromNumber(PORT) }, periodSeconds: 2 },
            securityContext: UNPRIVILEGED,
            ...sqlite ? { volumeMounts: [{ name: 'data', mountPath: '/app/data' }] } : {},
          }],
          ...sqlite ? { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'whispercache-data' } }] } : {},
        },
      },
    },
  });
  new KubeService(chart, 'backend-service', {
    metadata,
    spec: { selector: labels, ports: [{ port: 80, targetPort: IntOrString.fromNumber(PORT) }] },
  });
}
