import { homedir } from 'node:os';
import path from 'node:path';

const CACHE = process.env.CDK8S_BACKUP_TEST_CACHE ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'cdk8s-backup-test');

/** Made by `install.sh` and `_images.ts`. */
export const cached = (...names: string[]) => path.join(CACHE, 'cluster', ...names);

/** A program of the cluster. */
export const program = (name: string) => cached('bin', name);

/** A server that other tests start as well. */
export const server = (name: string) => path.join(CACHE, 'bin', name);

/** The node of the cluster, and the ends of its network. */
export const NODE = 'node1';
export const NODE_IP = '10.250.0.1';
export const DNS_IP = '10.96.0.10';
export const PODS = '10.244.0.0/24';
export const SERVICES = '10.96.0.0/16';
export const API = `https://${NODE_IP}:6443`;

/** The image that holds the namespaces of a pod. */
export const PAUSE = 'registry.k8s.io/pause:3.10';
