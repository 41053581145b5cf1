/*
 * What is said when a server does not load a snapshot as it should, and what it holds then.
 */
import { messageOf } from '../../core/errors';
import { formatSeconds } from '../../core/format';

/** What is loaded, and where. */
interface Told {
  readonly id: string;
  readonly description: string;
  /** Ends a sentence with where what the server held before is, and how to get it back; empty if it is nowhere. */
  readonly wayBack: string;
}

export const AOF_NOT_REWRITTEN = 'the server could not rewrite its AOF, so the restored data is in memory only: its log says why';

export function aofUnknown(error: unknown): string {
  return `whether the server has rewritten its AOF is not known (${messageOf(error)}): until then what is restored is in its memory only`;
}

export function cannotReachRunner(description: string, address: string, withinSeconds: number): string {
  return `${description} did not connect to the runner at ${address} within ${formatSeconds(withinSeconds)}: allow that in network policies, `
    + 'and check that the address leads from the server to the runner; through a port-forward it does not: restore from within the cluster';
}

export function cannotFetch(description: string, why: string): string {
  return `${description} can't fetch the snapshot: ${why}`;
}

export function madePrimary(description: string): string {
  return `something else has made ${description} a primary meanwhile: an operator or a Sentinel manages it`;
}

export function otherData(description: string): string {
  return `${description} has got other data since it was looked at: another restore has loaded a backup, or a failover came between. Let that end, look at the data, and restore again if they are the wrong ones`;
}

export function staysReplica(role: string | undefined): string {
  return `the server stays a ${role} after REPLICAOF NO ONE: something else makes it follow`;
}

export function notLoaded(description: string): string {
  return `${description} has received the snapshot and not loaded it: its log says why; often the disk that it writes it to is full`;
}

export function fewerKeys(description: string, pattern: string, found: number, leastKeys: number): string {
  return `${description} has ${found} keys like ${pattern} after loading, the config asks for at least ${leastKeys}`;
}

export function holdsBackup({ id, description, wayBack }: Told, keys: number): string {
  return `${description} is a primary again, and holds all of ${id}, ${keys} keys${wayBack}`;
}

export function holdsItsDisk({ description, wayBack }: Told, keys: number): string {
  return `${description} has been started anew meanwhile, and holds what it found on its disk, ${keys} keys: restore again${wayBack}`;
}

export function holdsWhatItHeld({ description }: Told, keys: number): string {
  return `${description} is a primary again, and holds what it held before, ${keys} keys`;
}

export function holdsNothing({ description, wayBack }: Told): string {
  return `${description} is a primary again, and holds nothing: restore again${wayBack}`;
}

export function mayHold({ description, wayBack }: Told, keys: number, keysBefore: number): string {
  return `${description} is a primary again, and holds ${keys} keys; whether they are the ${keysBefore} that it held before is not known, for it may have dropped those: `
    + `look at them, or restore again${wayBack}`;
}

export function notKnown({ description, wayBack }: Told, why: string): string {
  return `It is not known what ${description} holds. It may still be a replica of this run (${why}): `
    + `restore again when it answers, which puts that right, or run "REPLICAOF NO ONE" on it${wayBack}`;
}
