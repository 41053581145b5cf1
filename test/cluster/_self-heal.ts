import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { backendIn } from './_application';
import { inNodeNetwork, place } from './_cluster';
import { program } from './_paths';
import { Whispercache } from './_whispercache';
import { tempDir } from '../integration/servers/_process';

/** A controller that holds the application to what Git has, as far as a restore can tell: it applies the Deployment over and over, as a field manager of its own. */
export interface SelfHeal {
  /** Applies it once, and waits until its pods are there. */
  sync(): Promise<void>;
  start(): void;
  /** Until nothing is applied any more. */
  pause(): Promise<void>;
}

/** @param terminationSeconds how long the pods of the application take to end */
export function selfHealOf({ ns, dist }: Whispercache, terminationSeconds: number): SelfHeal {
  const deployment = backendIn(dist);
  deployment.spec.template.spec.containers[0].lifecycle = { preStop: { sleep: { seconds: terminationSeconds } } };
  const file = path.join(tempDir('git'), 'deployment.json');
  writeFileSync(file, JSON.stringify(deployment));
  const apply = ['--namespace', ns.name, 'apply', '--server-side', '--force-conflicts', '--field-manager=gitops', `--filename=${file}`];
  const [stopFile, kubectl] = [`${file}.stop`, [program('kubectl'), '--kubeconfig', place().kubeconfig, ...apply].join(' ')];
  let running = Promise.resolve('');
  return {
    sync: async () => {
      await ns.kubectl(...apply.slice(2));
      await ns.ready(`deployment/${deployment.metadata.name}`);
    },
    start: () => {
      running = inNodeNetwork(['bash', '-c', `rm -f ${stopFile}; until [ -e ${stopFile} ]; do ${kubectl} > /dev/null; sleep 0.2; done`]);
    },
    pause: async () => {
      writeFileSync(stopFile, '');
      await running;
    },
  };
}
