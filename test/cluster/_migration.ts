

/** The pod of a migration: drops a column with all that is in it. */
export function migration() {
  return {
    restartPolicy: 'Never',
    securityContext: { runAsNonRoot: true, runAsUser: 999, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{
      name: 'migration',
      image: 'postgres:17',
      command: ['psql', '-h', 'postgres', '-U', 'whispercache', '-d', 'whispercache', '-v', 'ON_ERROR_STOP=1', '-c', 'ALTER TABLE notes DROP COLUMN body, ADD COLUMN title text'],
      env: [{ name: 'PGPASSWORD', valueFrom: { secretKeyRef: { name: 'backup-secrets', key: 'POSTGRES_PASSWORD' } } }],
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    }],
  };
}
