import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { askSqlite } from './drill-query';
import { SqliteAnswer } from './tasks';
import { DRILL_DATABASE, SqliteTargetConfig } from '../../../contract/config';
import { DrillCheck } from '../../../contract/drill-record';
import { ExitCode } from '../../../contract/exit-code';
import { RecordedArtifact } from '../../../contract/record';
import { totalOf } from '../../catalog/counts';
import { plainBytesOf } from '../../catalog/sizes';
import { messageOf, RunnerError } from '../../core/errors';
import { shownAnswer } from '../../core/said';
import { ScratchDirectory, scratchDirectory } from '../../core/scratch';
import { sum } from '../../core/sum';
import { check, Checked, DrillInput, DrillTarget, DrillTargetContext } from '../../engine-api/drill-target';
import { checkFreshness, timeOf } from '../../engine-api/freshness';
import { refuseTooLarge } from '../../engine-api/space';

/** A file in a directory of its own in the scratch directory, which has the name that the config says. */
export class SqliteDrillTarget implements DrillTarget {
  public readonly description: string;
  private directory: ScratchDirectory | null = null;

  constructor(private readonly asked: SqliteTargetConfig, private readonly context: DrillTargetContext) {
    this.description = `sqlite ${asked.path}`;
  }

  public get target(): SqliteTargetConfig {
    return { ...this.asked, path: this.file, keepPrevious: false, assertions: [] };
  }

  public roomFor(selected: readonly RecordedArtifact[]): number {
    return sum(selected.map(plainBytesOf));
  }

  public async started(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    return process.versions.sqlite ?? 'of unknown version';
  }

  public async claim(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { scratch } = this.context.config;
    const directory = await realpath(path.dirname(this.asked.path)).catch((error: unknown) => {
      throw bad(`the scratch directory of ${this.description} can't be used: ${messageOf(error)}`);
    });
    const within = path.relative(await realpath(scratch.directory), directory);
    if (within.startsWith('..') || path.isAbsolute(within) || !path.basename(this.asked.path).startsWith(DRILL_DATABASE)) {
      throw bad(`${this.description} is no file for a drill: it has to be in the scratch directory ${scratch.directory}, with a name that begins with ${DRILL_DATABASE}`);
    }
    this.directory = await scratchDirectory(scratch, 'drill');
  }

  public async prepare({ record, selected }: DrillInput, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { limitBytes } = this.context.config.scratch;
    const needed = this.roomFor(selected);
    if (limitBytes !== null && needed > limitBytes) {
      throw new RunnerError(`${record.id} needs ${needed} bytes in the scratch directory, which may have ${limitBytes}: give the drill a larger 'scratchSize'`, ExitCode.NO_SPACE);
    }
    refuseTooLarge(record.id, needed, this.context.config.dataBytes);
  }

  public async check({ record, selected }: DrillInput, signal: AbortSignal): Promise<Checked> {
    const { assertions } = this.asked;
    const { freshness } = this.context.config;
    const answers = await askSqlite(this.file, [...assertions, ...freshness.map(({ sql }) => sql)], signal);
    const items = sum(selected.map(({ counts }) => totalOf(counts)));
    return {
      items,
      checks: [
        // The restore has ended well, so they are right: it looks at all of them.
        check('integrity', null, 'ok'),
        check('row counts', null, `${items} rows, as recorded`),
        ...assertions.map((sql, i) => checkAssertion(sql, answers[i]!)),
        ...freshness.map((each, i): DrillCheck => {
          const answer = answers[assertions.length + i]!;
          const newest = answer.value === null ? null : timeOf(answer.value);
          if (answer.error !== undefined || newest === undefined) {
            return check(
              `freshness of ${each.sql}`,
              `${answer.error === undefined ? `it returns ${shownAnswer(answer.value)}` : `it can't be asked for: ${answer.error}`}. It has to return one time: SELECT max(created_at) FROM orders`,
              '',
            );
          }
          return checkFreshness(each, newest, record);
        }),
      ],
    };
  }

  public async clear(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.directory?.remove();
    this.directory = null;
  }

  private get file(): string {
    if (this.directory === null) throw new Error(`${this.description} was not claimed`);
    return path.join(this.directory.path, path.basename(this.asked.path));
  }
}

function checkAssertion(sql: string, { value, error }: SqliteAnswer): DrillCheck {
  const name = JSON.stringify(sql);
  if (error !== undefined) return check(sql, `the assertion ${name} can't be checked: ${error}`, '');
  return check(sql, value === 1 || value === 'true' ? null : `the assertion ${name} is not true, it answers ${shownAnswer(value)}`, 'true');
}

function bad(message: string): RunnerError {
  return new RunnerError(message, ExitCode.BAD_CONFIG);
}
