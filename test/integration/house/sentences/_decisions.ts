/*
 * A program that looks at stores with everything that decides something by what is stored there, and prints what was decided, without the
 * sentences. Its first argument is a directory of directories with two stores each, a and b.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { ExportedBackupConfig } from '../../../../src/contract/config';
import { ExitCode } from '../../../../src/contract/exit-code';
import { Metrics } from '../../../../src/contract/metrics';
import { readCatalog } from '../../../../src/runner/catalog/catalog';
import { findBackup } from '../../../../src/runner/catalog/choose-backup';
import { storesWithWhole } from '../../../../src/runner/catalog/copy-state';
import { list } from '../../../../src/runner/commands/list';
import { pin } from '../../../../src/runner/commands/pin';
import { pruneCommand } from '../../../../src/runner/commands/prune';
import { show } from '../../../../src/runner/commands/show';
import { usage } from '../../../../src/runner/commands/usage';
import { verify } from '../../../../src/runner/commands/verify';
import { InspectionConfig, InspectionConfigs } from '../../../../src/runner/config/load';
import { Context } from '../../../../src/runner/core/context';
import { RunnerError } from '../../../../src/runner/core/errors';
import { Reporter } from '../../../../src/runner/core/reporter';
import { checkCatalog } from '../../../../src/runner/doctor/catalog';
import { keptAs, RestoreFailure, Restorer } from '../../../../src/runner/engine-api/restorer';
import { explainServerError, replyOf } from '../../../../src/runner/engines/redis/errors';
import { ServerError } from '../../../../src/runner/engines/redis/resp';
import { SetRestorer } from '../../../../src/runner/engines/set/restorer';
import { assess } from '../../../../src/runner/monitor/assess';
import { inspectBackups } from '../../../../src/runner/monitor/inspect-backups';
import { samplesOf } from '../../../../src/runner/monitor/metrics';
import { safetyBackups } from '../../../../src/runner/previous/rollback-order';
import { apiDocument } from '../../../../src/runner/status/api';
import { detail } from '../../../../src/runner/status/detail';
import { overview } from '../../../../src/runner/status/overview';
import { FolderStore } from '../../../../src/runner/stores/folder/store';
import { chooseScheduled } from '../../../../src/runner/verification/choose';
import { aConfig, capture } from '../../../runner/_fixtures';

const [all, address, now] = [process.argv[2]!, process.argv[3]!, new Date(Number(process.argv[4]))];
const signal = new AbortController().signal;
const storesIn = (root: string) => ['a', 'b'].map(name => ({ type: 'folder' as const, name, directory: path.join(root, name), folder: null }));

type Decided = { [part: string]: unknown };

/** Runs a command on a copy of the stores: how it ended, what it wrote, what it reported, and which files there are afterwards. */
async function command(directory: string, run: (context: never) => Promise<unknown>, changes: object = {}): Promise<unknown> {
  const root = mkdtempSync(`${directory}.`);
  cpSync(directory, root, { recursive: true, preserveTimestamps: true });
  const stdout = capture();
  const events: string[] = [];
  const tell = (event: string) => void events.push(event);
  const reporter: Reporter = { info: tell, warn: tell, error: tell, progress: () => ({ add: () => {}, done: () => {} }) };
  const config = aConfig({ stores: storesIn(root), ...changes });
  const code = await run({ config, env: {}, stdin: new PassThrough(), stdout, reporter, signal } as never).catch((error: unknown) => exitCode(error));
  const files = ['a', 'b'].map(store => readdirSync(path.join(root, store)).map(file => file.replace(/\.verified\.\d{8}_\d{6}/, '.verified')).sort());
  const text = stdout.text();
  rmSync(root, { recursive: true });
  return { code, said: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text.replaceAll(root, directory)) as unknown : 'a text', events: events.sort(), files };
}

/** As commands get it that may look at several backups. */
function ofOne(context: Context<InspectionConfig>): Context<InspectionConfigs> {
  return { ...context, config: { backups: [context.config], one: true } };
}

function exitCode(error: unknown): ExitCode {
  if (!(error instanceof RunnerError)) throw error;
  return error.exitCode;
}

/** Of a page: its elements with their classes, and texts of one word; without the commands, which are shown word by word. */
function withoutSentences(page: string): string[] {
  return page.replace(/<style>.*?<\/style>/s, '').replace(/<pre.*?<\/pre>/gs, '').replace(/ (title|aria-label|content|href|datetime|width|x|y|height)="[^"]*"/g, '').split(/(?=<)|(?<=>)/)
    .map(piece => piece.startsWith('<') ? piece : piece.trim()).filter(piece => piece !== '' && !/\s\S|\d/.test(piece.startsWith('<') ? '' : piece));
}

/** A member of a set that restores, or fails, and keeps what it replaced as a backup or beside. */
function member(decided: Decided, name: string, kind: 'backup' | 'beside', failure?: RestoreFailure) {
  const restorer: Partial<Restorer> = {
    restore: () => failure ? Promise.reject(failure) : Promise.resolve({ state: 'x', previous: keptAs(kind, `${name}_kept`), notes: [] }),
    rollbackPoints: () => Promise.resolve(['newer', `${name}_kept`].map(each => ({ name: each, keptAt: now, bytes: 1 }))),
    rollback: kept => {
      decided[`rolled back in ${name}`] = kept.name;
      return Promise.resolve({ state: 'y', previous: null, notes: [] });
    },
  };
  return { name, restorer: restorer as Restorer };
}

async function decide(directory: string): Promise<Decided> {
  const decided: Decided = {};
  const stores = storesIn(directory).map(config => new FolderStore(config));
  const catalog = await readCatalog('app', stores, signal);
  const ids = catalog.backups.map(({ record }) => record.id);
  const unreadable = catalog.unreadable.map(record => record.id);
  decided.found = ['latest', ...ids, ...unreadable, 'app_19990101_000000'].map(wanted => {
    try {
      return findBackup(catalog, 'app', wanted).record.id;
    } catch (error) {
      return exitCode(error);
    }
  });
  decided.rollback = safetyBackups(catalog, address).map(({ record }) => record.id);
  decided.scheduled = chooseScheduled(catalog, 20).map(({ record }) => record.id);
  decided.doctor = (await checkCatalog(aConfig({ stores: storesIn(directory) }), {}, signal)).map(({ message: _message, ...finding }) => finding);

  const look = await inspectBackups('app', stores, signal);
  const config: ExportedBackupConfig = {
    name: 'app',
    engine: 'redis',
    namespace: 'shop',
    cronJob: 'app',
    restoreJob: null,
    stores: [],
    staleAfterSeconds: 3600,
    rpoSeconds: 60,
    rtoSeconds: 60,
    verifiedWithinSeconds: 60,
    drilledWithinSeconds: 60,
  };
  const shown = [{ config, observation: look, assessment: assess(look, config, now) }];
  const neverDrilled = { ...shown[0]!.assessment, lastDrill: undefined, lastPassedDrill: undefined, measuredRtoSeconds: null };
  const never = { ...shown[0]!, config: { ...config, name: 'never' }, assessment: neverDrilled };
  const none = { ...never, config: { ...config, name: 'none' }, assessment: { ...neverDrilled, latest: undefined, ageSeconds: null } };
  const frame = { place: { cluster: null, environment: null }, runbookUrl: null, refreshSeconds: 60 };
  const page = overview([...shown, never, none], now, { ...frame, complete: true });
  decided.verdict = shown[0]!.assessment.verdict;
  decided.state = shown[0]!.assessment.state;
  decided.metrics = samplesOf(look, config).filter(({ metric }) => metric !== Metrics.STORE_READ && metric !== Metrics.FREE_BYTES)
    .map(({ metric, store, value }) => [metric.name, store, value]);
  decided.overview = withoutSentences(page);
  // Of which backups there is no such number: their names stand in a sentence.
  decided.lacking = page.match(/<small>.*?<\/small>/g)!.map(text => text.match(/none|never/g));
  decided.detail = withoutSentences(detail(shown[0]!, now, frame));
  decided.api = apiDocument(shown, now, { ...frame.place, complete: true });

  const verifying = { wanted: 'latest', all: true, scheduled: false, repair: false, dryRun: false, record: true, json: true, identity: undefined };
  const retention = { ...aConfig().retention, keepHours: null, keepLast: 1, keepAtLeast: 1 };
  decided.list = await command(directory, context => list(ofOne(context), { json: true }));
  decided.repair = await command(directory, context => verify(context, { ...verifying, repair: true }));
  decided.prune = await command(directory, context => {
    return pruneCommand(context, { dryRun: false, unclaimed: true, scheduled: false, json: true });
  }, { retention });
  if (path.basename(directory) !== 'all') return decided;

  decided.show = await command(directory, context => show(context, { wanted: 'latest', json: true }));
  decided.usage = await command(directory, context => usage(ofOne(context), { json: true }));
  decided.verify = await command(directory, context => verify(context, verifying));
  decided['prune dry'] = await command(directory, context => pruneCommand(context, { dryRun: true, unclaimed: false, scheduled: false, json: true }), { retention });
  for (const { record: { id } } of catalog.backups.filter(({ copies }) => storesWithWhole(copies).length < 2)) {
    decided[`pin ${id}`] = await command(directory, context => pin(context, id));
    decided[`verify ${id}`] = await command(directory, context => verify(context, { ...verifying, wanted: id, all: false }));
  }
  return decided;
}

/** What needs no store. */
async function decideWithoutStores(): Promise<Decided> {
  const decided: Decided = {};
  const found = [member(decided, 'one', 'backup'), member(decided, 'two', 'beside'), member(decided, 'three', 'backup', new RestoreFailure('x', 'y', true, 1))]
    .map(each => ({ member: each, prepared: {} as never }));
  await new SetRestorer(found.map(each => each.member), { info: () => {} } as unknown as Reporter)
    .restore({ input: {} as never, plan: {} as never, found }, signal).catch(exitCode);
  decided.reply = replyOf(explainServerError(new ServerError('LOADING the dataset'), 'REPLICAOF', 'redis:6379', null))?.startsWith('LOADING');
  return decided;
}

async function main(): Promise<void> {
  const decided: Decided = await decideWithoutStores();
  for (const name of readdirSync(all)) decided[name] = await decide(path.join(all, name));
  process.stdout.write(JSON.stringify(decided, (key, value: unknown) => {
    if (/Seconds$|[bB]ytes|^(asOf|readAt)$/.test(key)) return undefined; // of when it was, of this machine, and of how long sentences are
    return typeof value === 'string' && value.includes(' ') ? '…' : value;
  }));
}

void main();
