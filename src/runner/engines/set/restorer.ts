import { BackupRecord, RecordedArtifact } from '../../../contract/record';
import { recordOfMember } from '../../catalog/artifact';
import { exitCodeOf, messageOf } from '../../core/errors';
import { Obstacle } from '../../core/obstacle';
import { Reporter } from '../../core/reporter';
import { describePrevious, RollbackPoint, PreparedRestore, Previous, Restored, RestoreFailure, RestoreInput, RestorePlan, Restorer } from '../../engine-api/restorer';

/** One database of a set, and how it is restored. */
export interface SetMember {
  readonly name: string;
  readonly restorer: Restorer;
}

/** What a restore of each member has kept; their names in one. */
interface KeptSet extends RollbackPoint {
  readonly members: readonly { readonly member: SetMember; readonly kept: RollbackPoint }[];
}

/** What is going to be done to each member. */
type SetPlans = readonly { readonly member: SetMember; readonly prepared: PreparedRestore }[];

/** A member that was restored, or rolled back. */
interface Done {
  readonly member: SetMember;
  readonly restored: Restored;
}

/** Names of what each member had kept before; without those that could not be asked, as where a store is away: a restore goes on without. */
type KeptBefore = ReadonlyMap<string, readonly string[]>;

/**
 * Restores the members of a set one after the other, after all of them were looked at. Where one fails, those before it are rolled
 * back, as far as what they replaced was kept: a set that is half new is of no use to an application.
 */
export class SetRestorer implements Restorer<SetPlans> {
  public readonly description: string;

  constructor(private readonly members: readonly SetMember[], private readonly reporter: Reporter) {
    this.description = members.map(({ name, restorer }) => `${name} (${restorer.description})`).join(', ');
  }

  public select(record: BackupRecord): readonly RecordedArtifact[] {
    return this.members.flatMap(({ name, restorer }) => restorer.select(recordOfMember(record, name)));
  }

  public async inspect(input: RestoreInput, signal: AbortSignal): Promise<PreparedRestore<SetPlans>> {
    const found: { readonly member: SetMember; readonly prepared: PreparedRestore }[] = [];
    for (const member of this.members) found.push({ member, prepared: await member.restorer.inspect(inputOf(input, member.name), signal) });
    const named = (texts: (plan: RestorePlan) => readonly string[]) => found.flatMap(({ member, prepared }) => texts(prepared.plan).map(text => `${member.name}: ${text}`));
    const missing: Obstacle[] = found.flatMap(({ member, prepared }) => prepared.plan.missing.map(finding => ({ ...finding, message: `${member.name}: ${finding.message}` })));
    const plan: RestorePlan = {
      steps: named(({ steps }) => steps),
      replaces: named(({ replaces }) => replaces === null ? [] : [replaces]).join('; ') || null,
      keeps: keptOf(found.map(({ member, prepared: { plan: own } }) => ({ ...own, name: member.name }))),
      missing,
      notes: named(({ notes }) => notes),
    };
    return { input, plan, found };
  }

  public async repair(signal: AbortSignal): Promise<readonly string[]> {
    const repaired: string[] = [];
    for (const { name, restorer } of this.members) repaired.push(...(await restorer.repair(signal)).map(text => `${name}: ${text}`));
    return repaired;
  }

  public async restore({ found }: PreparedRestore<SetPlans>, signal: AbortSignal): Promise<Restored> {
    const done: Done[] = [];
    const before = await this.keptNow(signal);
    for (const { member, prepared } of found) {
      try {
        const restored = await member.restorer.restore(prepared, signal);
        done.push({ member, restored });
        this.reporter.info('restore.member', `${member.name}: ${restored.state}`);
      } catch (error) {
        if (error instanceof RestoreFailure && error.live && !signal.aborted) {
          // It is restored. To bring back the others would leave a set of two times.
          done.push({ member, restored: { state: error.state, previous: null, notes: [error.message] } });
          continue;
        }
        throw await this.failure(`${member.name}: ${messageOf(error)}`, member, error, done, before);
      }
    }
    return together(done);
  }

  public async rollbackPoints(signal: AbortSignal): Promise<readonly RollbackPoint[]> {
    const members: { member: SetMember; kept: RollbackPoint }[] = [];
    for (const member of this.members) {
      const [kept] = await member.restorer.rollbackPoints(signal);
      if (kept) members.push({ member, kept });
    }
    if (members.length === 0) return [];
    const sizes = members.map(({ kept }) => kept.bytes);
    const set: KeptSet = {
      name: members.map(({ member, kept }) => `${member.name}: ${kept.name}`).join(', '),
      keptAt: new Date(Math.min(...members.map(({ kept }) => kept.keptAt.getTime()))),
      bytes: sizes.includes(null) ? null : sizes.reduce<number>((sum, bytes) => sum + bytes!, 0),
      members,
    };
    return [set];
  }

  public async rollback(kept: RollbackPoint, signal: AbortSignal): Promise<Restored> {
    const done: Done[] = [];
    const before = await this.keptNow(signal);
    for (const { member, kept: own } of (kept as KeptSet).members) {
      try {
        done.push({ member, restored: await member.restorer.rollback(own, signal) });
      } catch (error) {
        throw await this.failure(`${member.name}: ${messageOf(error)}. Run the rollback once more when that is mended`, member, error, done, before);
      }
    }
    return together(done);
  }

  public async discard(kept: RollbackPoint, signal: AbortSignal): Promise<void> {
    for (const { member, kept: own } of (kept as KeptSet).members) await member.restorer.discard(own, signal);
  }

  /**
   * Undoes what was done before a member failed: a rollback that is run once more would otherwise turn those around that are rolled back already.
   * A member that does not say what it holds was not changed.
   */
  private async failure(
    message: string, { name, restorer }: SetMember, error: unknown, done: readonly Done[], before: KeptBefore,
  ): Promise<RestoreFailure> {
    const undone = await this.undo(done, before);
    const own = error instanceof RestoreFailure ? error : new RestoreFailure(messageOf(error), `${restorer.description} is as it was`, true, exitCodeOf(error));
    return new RestoreFailure(message, [...undone, `${name}: ${own.state}`].join('; '), own.usable && !own.live, own.exitCode, { cause: error });
  }

  /** What earlier restores have kept. What comes to it later is another one's, from which to undo this one would take what it has restored. */
  private async keptNow(signal: AbortSignal): Promise<KeptBefore> {
    const kept = new Map<string, readonly string[]>();
    for (const { name, restorer } of this.members) {
      const points = await restorer.rollbackPoints(signal).catch(() => null);
      if (points !== null) kept.set(name, points.map(point => point.name));
    }
    return kept;
  }

  /** Makes what these members held before live again. Returns what each of them holds now. */
  private async undo(done: readonly Done[], before: KeptBefore): Promise<string[]> {
    const holds: string[] = [];
    // What stopped the restore must not stop this.
    const signal = AbortSignal.timeout(UNDO_MS);
    for (const { member: { name, restorer }, restored } of [...done].reverse()) {
      try {
        const { previous } = restored;
        const own = previous === null || previous.kind === 'members' ? null : previous.name;
        const points = own === null ? [] : await restorer.rollbackPoints(signal);
        const kept = points.find(point => point.name === own);
        const others = points.filter(point => point !== kept && before.get(name)?.includes(point.name) === false);
        if (others.length > 0) {
          holds.unshift(`${name}: ${restored.state}, or what another restore has brought there, and stays so, since another restore has begun meanwhile, which has kept `
            + `${others.map(point => point.name).join(', ')}: let it end, and look at what it has restored`);
        } else if (kept) {
          holds.unshift(`${name}: ${(await restorer.rollback(kept, signal)).state}, as before`);
        } else {
          holds.unshift(`${name}: ${restored.state}, and nothing was kept to bring it back`);
        }
      } catch (error) {
        holds.unshift(`${name}: ${restored.state}. Its previous data is kept as ${restored.previous && describePrevious(restored.previous)}, and could not be brought back: ${messageOf(error)}`);
      }
    }
    return holds;
  }
}

/** Swapping names takes seconds; loading the safety backup of a Redis takes as long as it is large. */
const UNDO_MS = 600_000;

function inputOf({ record, artifacts }: RestoreInput, member: string): RestoreInput {
  return { record: recordOfMember(record, member), artifacts };
}

function together(done: readonly Done[]): Restored {
  const members = done.flatMap(({ member, restored }): [string, Previous][] => restored.previous === null ? [] : [[member.name, restored.previous]]);
  return {
    state: done.map(({ restored }) => restored.state).join('; '),
    previous: members.length === 0 ? null : { kind: 'members', members: Object.fromEntries(members) },
    notes: done.flatMap(({ member, restored }) => restored.notes.map(note => `${member.name}: ${note}`)),
  };
}

/** Where each member of which something is replaced has it afterwards. */
function keptOf(plans: readonly (Pick<RestorePlan, 'replaces' | 'keeps'> & { readonly name: string })[]): string | null {
  const replaced = plans.filter(({ replaces }) => replaces !== null);
  return replaced.every(({ keeps }) => keeps === null) ? null : replaced.map(({ name, keeps }) => `${name}: ${keeps ?? 'nowhere'}`).join(', ');
}
