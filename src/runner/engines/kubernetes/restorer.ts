import { differences, keysOf, parseObjects, portable, PortableObject, StoredObject, titleOf } from './portable-objects';
import { KubernetesSource, pathOf } from './source';
import { KubernetesTargetConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../../contract/record';
import { readCatalog } from '../../catalog/catalog';
import { exitCodeOf, messageOf, RunnerError } from '../../core/errors';
import { Obstacle } from '../../core/obstacle';
import { RollbackPoint, keptAs, PreparedRestore, Restored, RestoreFailure, RestoreInput, RestorePlan, Restorer, RestorerContext, safetyBackupOf } from '../../engine-api/restorer';
import { ApiError, KubernetesApi } from '../../kubernetes/api';
import { noteReplaced, safetyBackups } from '../../previous/rollback-order';
import { asKept, discardBackup, restoreKept, takeSafetyBackup } from '../../previous/safety';
import { readText } from '../../stream/read-text';

/** One object of the backup, and what has to be done for it. */
interface Change {
  readonly wanted: PortableObject;
  /** What is there; `null`: nothing. */
  readonly present: { readonly object: PortableObject; readonly resourceVersion: string } | null;
  /** Names and keys, never values. Empty if it is there already as it is wanted. */
  readonly differences: readonly string[];
}

/**
 * Secrets and ConfigMaps of a namespace. Every change is asked for with `dryRun=All` first, so that missing rights, admission policies
 * and immutable objects are found before anything changes; objects that the backup does not know stay.
 *
 * What is replaced is stored before, sealed, as an ordinary backup. The API has no transaction: after a failure half way the message says
 * which objects are restored, and the same restore goes on where it ended.
 */
export class KubernetesRestorer implements Restorer<null> {
  public readonly description: string;

  constructor(private readonly target: KubernetesTargetConfig, private readonly context: RestorerContext, private readonly api: KubernetesApi) {
    this.description = `the namespace ${target.namespace}`;
  }

  public select(record: BackupRecord): readonly RecordedArtifact[] {
    return [artifactOf(record)];
  }

  public async inspect(input: RestoreInput, signal: AbortSignal): Promise<PreparedRestore<null>> {
    return { input, plan: await this.planOf(input, signal), found: null };
  }

  private async planOf({ record, artifacts }: RestoreInput, signal: AbortSignal): Promise<RestorePlan> {
    const artifact = artifactOf(record);
    const changes = await this.changes(parseObjects(await readText(await artifacts.peek(artifact, signal), artifact.file), artifact.file), signal);
    const replaced = changes.filter(isReplaced);
    const missing: Obstacle[] = [];
    for (const change of changes.filter(needsAny)) missing.push(...await this.refusalOf(change, signal));
    const same = changes.length - changes.filter(needsAny).length;
    return {
      steps: [
        ...replaced.length > 0 && this.target.replace ? [`store what ${replaced.map(({ wanted }) => titleOf(wanted)).join(', ')} hold now as a sealed backup, which is not the latest`] : [],
        ...changes.filter(needsAny).map(({ wanted, present, differences: found }) => present === null
          ? `create ${titleOf(wanted)} with ${keysOf(wanted).join(', ') || 'no keys'}`
          : `replace ${titleOf(wanted)}: ${found.join(', ')}`),
      ],
      replaces: replaced.length === 0 ? null : `${replaced.map(({ wanted }) => titleOf(wanted)).join(', ')} in ${this.description}`,
      keeps: replaced.length > 0 ? safetyBackupOf(this.context) : null,
      missing,
      notes: [
        ...same > 0 ? [`${same} objects are there already as they are in the backup`] : [],
        'objects that are not in the backup stay; pods see changed values in their environment after they are started again only',
      ],
    };
  }

  /** Every object is written in one request. */
  public async repair(signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    return [];
  }

  public async restore({ input: { record, artifacts } }: PreparedRestore<null>, signal: AbortSignal): Promise<Restored> {
    const artifact = artifactOf(record);
    const done: string[] = [];
    try {
      const changes = await this.changes(parseObjects(await readText(await artifacts.open(artifact, signal), artifact.file), artifact.file), signal);
      const replaced = changes.filter(isReplaced);
      if (replaced.length > 0 && !this.target.replace) throw new RunnerError(replaced.map(notAllowed).join('; and '), ExitCode.USAGE);
      const previous = replaced.length === 0 ? null : await this.saveWhatIsThere(record, replaced, signal);
      for (const change of changes.filter(needsAny)) {
        await this.write(change, false, signal);
        done.push(titleOf(change.wanted));
      }
      await noteReplaced(previous, record, this.context, signal);
      return { state: `${this.description} has the ${changes.length} objects of ${record.id}`, previous: keptAs('backup', previous), notes: [] };
    } catch (error) {
      const code = exitCodeOf(error);
      const holds = done.length === 0 ? `${this.description} is as it was` : `restored are ${done.join(', ')}, and nothing else was changed: run the restore again to go on`;
      throw new RestoreFailure(signal.aborted ? messageOf(signal.reason) : messageOf(error), holds, true, code, { cause: error });
    }
  }

  public async rollbackPoints(signal: AbortSignal): Promise<readonly RollbackPoint[]> {
    const { config, stores } = this.context;
    return safetyBackups(await readCatalog(config.name, stores, signal), this.target.namespace).map(asKept);
  }

  /** Puts back what was replaced. Objects that the restore has created stay. */
  public async rollback(kept: RollbackPoint, signal: AbortSignal): Promise<Restored> {
    return restoreKept(new KubernetesRestorer({ ...this.target, replace: true }, this.context, this.api), kept, this.context, signal);
  }

  public async discard({ name }: RollbackPoint, signal: AbortSignal): Promise<void> {
    await discardBackup(name, this.context, signal);
  }

  private async changes(objects: readonly PortableObject[], signal: AbortSignal): Promise<Change[]> {
    const changes: Change[] = [];
    for (const object of objects) {
      // A backup may be restored to another namespace than it was taken from.
      const wanted = { ...object, metadata: { ...object.metadata, namespace: this.target.namespace } };
      const present = await this.presentOf(wanted, signal);
      changes.push({ wanted, present, differences: present === null ? [] : differences(present.object, wanted) });
    }
    return changes;
  }

  private async presentOf({ kind, metadata: { name, namespace } }: PortableObject, signal: AbortSignal): Promise<Change['present']> {
    try {
      const found = await this.api.send({ method: 'GET', path: pathOf(kind, namespace, name) }, signal) as StoredObject;
      return { object: portable(kind, found), resourceVersion: found.metadata.resourceVersion! };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  /** What stands in the way of a change, as the API says it. */
  private async refusalOf(change: Change, signal: AbortSignal): Promise<Obstacle[]> {
    if (isReplaced(change) && !this.target.replace) return [{ message: notAllowed(change), exitCode: ExitCode.USAGE }];
    try {
      await this.write(change, true, signal);
      return [];
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RunnerError)) throw error;
      return [{ message: `${titleOf(change.wanted)} can't be written: ${messageOf(error)}`, exitCode: error.exitCode }];
    }
  }

  private async write({ wanted, present }: Change, dryRun: boolean, signal: AbortSignal): Promise<void> {
    const { kind, metadata: { namespace, name } } = wanted;
    const query = { ...dryRun && { dryRun: 'All' }, fieldManager: 'cdk8s-backup' };
    try {
      if (present === null) {
        await this.api.send({ method: 'POST', path: pathOf(kind, namespace), query, body: wanted }, signal);
      } else {
        // With the version that was compared: what somebody changes meanwhile is not lost unseen.
        const body = { ...wanted, metadata: { ...wanted.metadata, resourceVersion: present.resourceVersion } };
        await this.api.send({ method: 'PUT', path: pathOf(kind, namespace, name), query, body }, signal);
      }
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      // Ours, if an answer was lost and the request sent again; or somebody else's.
      const now = await this.presentOf(wanted, signal);
      if (now !== null && differences(now.object, wanted).length === 0) return;
      throw new RunnerError(`${titleOf(wanted)} was changed by somebody else meanwhile: run the restore again`, ExitCode.FAILED, { cause: error });
    }
  }

  private async saveWhatIsThere(restored: BackupRecord, replaced: readonly Change[], signal: AbortSignal): Promise<string> {
    const names = (kind: PortableObject['kind']) => replaced.filter(({ wanted }) => wanted.kind === kind).map(({ wanted }) => wanted.metadata.name);
    const source = {
      engine: 'kubernetes', namespace: this.target.namespace, secretNames: names('Secret'), configMapNames: names('ConfigMap'), labelSelector: null,
    } as const;
    try {
      return (await takeSafetyBackup(restored, new KubernetesSource(source, this.api), source, this.context, signal)).id;
    } catch (error) {
      signal.throwIfAborted();
      throw new RunnerError(`the present objects can't be stored before, so nothing is replaced: ${messageOf(error)}`, exitCodeOf(error), { cause: error });
    }
  }
}

function needsAny({ present, differences: found }: Change): boolean {
  return present === null || found.length > 0;
}

function isReplaced(change: Change): boolean {
  return change.present !== null && needsAny(change);
}

function notAllowed({ wanted, differences: found }: Change): string {
  return `${titleOf(wanted)} is there and differs (the backup ${found.join(', ')}): it is replaced only if you say so, with --set target.replace=true or "replace" of RestoreMode.kubernetesObjects`;
}

function artifactOf({ id, source, artifacts }: BackupRecord): RecordedArtifact {
  const found = artifacts.find(({ role }) => role === 'data');
  if (source.engine !== 'kubernetes' || !found) throw new RunnerError(`${id} has no Secrets and ConfigMaps`, ExitCode.CORRUPT);
  if (found.recipients === undefined) {
    throw new RunnerError(`${id} has Secrets and is not encrypted, and no backup of this program is that: somebody else has put it into the store; restore another one, see "cdk8s-backup list"`, ExitCode.CORRUPT);
  }
  return found;
}
