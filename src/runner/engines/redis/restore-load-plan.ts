import { RedisFacts } from './restore-facts';
import { RedisTargetConfig } from '../../../contract/config';

/** What a plan tells of, before a server is made to load a snapshot. */
interface PlannedLoad {
  /** Of the backup. */
  readonly id: string;
  /** Of backups of the same config: so is what is stored before. */
  readonly name: string;
  readonly description: string;
  readonly target: RedisTargetConfig;
  readonly facts: RedisFacts;
  /** Whether a restore that was killed has left the server as a replica. */
  readonly left: boolean;
}

export function loadSteps({ id, name, description, target, facts, left }: PlannedLoad): string[] {
  return [
    `read all of ${id}, and look whether ${description} has the databases and modules that it needs`,
    ...left ? [`make ${description} a primary again, which a restore that was killed has left as a replica`] : [],
    ...target.safetyBackup ? [`store what ${description} holds now as a backup of ${name}, which is not the latest`] : [],
    `make ${description} a replica of the runner, which refuses writes from then on, keeps what it has until it has received all, and loads ${id} then`,
    ...target.assertions.map(({ pattern, atLeast: leastKeys }) => `look for at least ${leastKeys} keys like ${pattern}`),
    `make ${description} a primary again${facts.info.aof_enabled === '1' ? ', and wait until its AOF is rewritten' : ''}`,
  ];
}

export function loadNotes({ description, target, facts }: PlannedLoad): string[] {
  const replicas = Number(facts.info.connected_slaves ?? 0);
  return [
    ...replicas > 0 ? [`${replicas} replicas follow ${description}, and will hold what it holds: the restored data`] : [],
    ...facts.sentinels === null ? ['whether Sentinels watch the server can\'t be seen (+pubsub|numsub): if they do, they must not while it is restored'] : [],
    ...target.safetyBackup ? [] : ['the present data are not stored before: there is no way back'],
    ...target.tls === null ? [] : ['the server fetches the snapshot from the runner without TLS'],
    'stop whatever writes: writes between the safety backup and the load are lost',
  ];
}
