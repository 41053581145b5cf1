import { rmSync } from 'node:fs';
import { writeConfigs } from './_configs';
import { imagesFor } from './_images';
import { startNode } from './_node';
import { startPrograms } from './_programs';

/** Environment variable that tells the tests where the cluster is. */
export const CLUSTER_ENV = 'CDK8S_BACKUP_TEST_CLUSTER';

/** What tests need to know of it. */
export interface ClusterPlace {
  /** Of the first program of the node. */
  readonly pid: number;
  readonly directory: string;
  readonly kubeconfig: string;
  readonly caFile: string;
}

let stopping: (() => Promise<void>) | undefined;

/** Starts a cluster that has no objects, with everything that it writes in `directory` but the images. */
export async function startCluster(directory: string): Promise<void> {
  const since = performance.now();
  const told = (what: string) => process.stderr.write(`${what} after ${((performance.now() - since) / 1000).toFixed(1)} s\n`);
  const images = await imagesFor(directory);
  stopping = async () => rmSync(images, { recursive: true, force: true });
  told('the images are there');
  try {
    const node = await startNode(directory);
    let ended: () => readonly string[] = () => [];
    stopping = async () => {
      const gone = ended();
      await node.stop();
      rmSync(images, { recursive: true, force: true });
      if (gone.length > 0) throw new Error(`of the cluster these have ended before the tests: ${gone.join(', ')}; their logs were in ${directory}/logs`);
    };
    const configs = writeConfigs({ directory, cgroup: node.cgroup, images });
    ended = await startPrograms(node, configs);
    const place: ClusterPlace = { pid: node.pid, directory, kubeconfig: configs.kubeconfig('admin'), caFile: configs.caFile };
    process.env[CLUSTER_ENV] = JSON.stringify(place);
    told('the cluster is there');
  } catch (error) {
    await stopCluster();
    throw error;
  }
}

/** Ends it, and leaves nothing. */
export async function stopCluster(): Promise<void> {
  await stopping?.();
  stopping = undefined;
}
