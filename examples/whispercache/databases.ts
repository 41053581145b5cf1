import { Chart, Size } from 'cdk8s';
import { IntOrString, KubeConfigMap, KubePersistentVolumeClaim, KubeService, KubeStatefulSet, PodSpec, Quantity } from 'cdk8s-plus-28/lib/imports/k8s';
import { Profile } from './profiles';

/** The role that WhisperCache uses is none of a superuser: it owns its database and may make one, which a restore does. */
const INIT = `psql -v ON_ERROR_STOP=1 --username=postgres <<'SQL'
\\getenv password POSTGRES_PASSWORD
CREATE ROLE whispercache LOGIN CREATEDB PASSWORD :'password';
CREATE DATABASE whispercache OWNER whispercache;
-- From here on nobody is postgres but a shell in this pod.
ALTER ROLE postgres PASSWORD NULL;
SQL
`;

/** One server, without replicas: for more, take an operator. */
export function definePostgres(chart: Chart, { databaseSize }: Profile): void {
  new KubeConfigMap(chart, 'postgres-init', { metadata: { name: 'postgres-init' }, data: { 'init.sh': INIT } });
  defineDatabase(chart, 'postgres', 5432, databaseSize, {
    securityContext: asUser(999),
    containers: [{
      name: 'postgres',
      image: 'postgres:17',
      env: [
        { name: 'POSTGRES_PASSWORD', valueFrom: { secretKeyRef: { name: 'backup-secrets', key: 'POSTGRES_PASSWORD' } } },
        { name: 'PGDATA', value: '/var/lib/postgresql/data/pgdata' },
      ],
      ports: [{ containerPort: 5432 }],
      // By TCP: while the entry point makes the database, the server listens on its socket alone.
      readinessProbe: { tcpSocket: { port: IntOrString.fromNumber(5432) }, periodSeconds: 2 },
      securityContext: UNPRIVILEGED,
      volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql/data' }, { name: 'init', mountPath: '/docker-entrypoint-initdb.d' }],
    }],
    volumes: [{ name: 'init', configMap: { name: 'postgres-init' } }],
  });
}

/** With an append-only file, so that a restart loses a second at most. */
export function defineRedis(chart: Chart, { databaseSize }: Profile): void {
  defineDatabase(chart, 'redis', 6379, databaseSize, {
    securityContext: asUser(999),
    containers: [{
      name: 'redis',
      image: 'redis:8',
      args: ['redis-server', '--appendonly', 'yes'],
      ports: [{ containerPort: 6379 }],
      readinessProbe: { tcpSocket: { port: IntOrString.fromNumber(6379) }, periodSeconds: 2 },
      securityContext: UNPRIVILEGED,
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    }],
  });
}

/** A claim that is mounted as `data`, a StatefulSet of one pod, and a Service. */
function defineDatabase(chart: Chart, name: string, port: number, size: Size, pod: PodSpec): void {
  const labels = { app: name };
  new KubePersistentVolumeClaim(chart, `${name}-data`, {
    metadata: { name: `${name}-data` },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: Quantity.fromString(size.asString()) } } },
  });
  new KubeStatefulSet(chart, name, {
    metadata: { name },
    spec: {
      serviceName: name,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { ...pod, volumes: [{ name: 'data', persistentVolumeClaim: { claimName: `${name}-data` } }, ...pod.volumes ?? []] },
      },
    },
  });
  new KubeService(chart, `${name}-service`, { metadata: { name }, spec: { selector: labels, ports: [{ port }] } });
}

/** What the "restricted" level of Pod Security asks of a container, beside {@link asUser}. */
export const UNPRIVILEGED = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

/** What it asks of a pod. The claims belong to the same user. */
export function asUser(user: number) {
  return { runAsUser: user, runAsGroup: user, runAsNonRoot: true, fsGroup: user, seccompProfile: { type: 'RuntimeDefault' } };
}
