import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListMultipartUploadsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { Command, Scene } from './_command';
import { Dice } from './_dice';
import { unmountBelow } from './_disk-faults';
import { Baseline, Fault } from './_fault';
import { checkOlder, checkRecords, checkSecrets, filesIn, idsIn, leftIn, Snapshot, snapshot } from './_invariants';
import { makePlace, Place, S3_PREFIX } from './_place';
import { Site } from './_site';
import { NamedConfig } from '../../src/contract/config';
import { STARTED_SUFFIX } from '../../src/contract/layout';
import { Ended, killAllBelow, RunOptions, Running, start } from '../integration/_runner';
import { rootClient } from '../integration/servers/_s3';

/** What the runner adds to a deadline before others take it for dead, and what it may need to clean up. */
const CLAIM_GRACE_SECONDS = 12;
const CLEAN_UP_MS = 45_000;
/** A person does not wait longer than this, or than several times as long as ever, for a command that has no deadline; it is gone 5 s later. */
const PATIENCE_MS = 8000;
const SEVERAL = 4;
/** On a busy machine everything takes its time. */
const UNDISTURBED_MS = 90_000;

export interface Outcome {
  readonly what: string;
  readonly codes: readonly number[];
  /** Whether the fault came before the run had ended. */
  readonly struck: boolean;
  /** Invariants that do not hold; empty for a round that was survived. */
  readonly broken: readonly string[];
  /** What the runs have said, for a round that was not. */
  readonly said: string;
}

/** Runs a command while a fault strikes it, looks at what is left, runs it again undisturbed, and looks again. */
export async function playRound(command: Command, fault: Fault, seed: string, site: Site, baseline: Baseline): Promise<Outcome> {
  const place = await makePlace(command.kind, site);
  const scene = await command.prepare(place);
  healProxies(site);
  const before = snapshot(place.stores);
  const dice = new Dice(seed);
  const broken: string[] = [];
  const said: string[] = [];
  try {
    let [struck, over] = [fault.twice === true, false];
    const hit = () => {
      struck ||= !over;
      return !over;
    };
    const armed = await fault.arm({ command, place, baseline, dice, hit });
    const told = withDeadline({ ...scene.options, ...armed.options }, fault.deadlineSeconds);
    const options = armed.change?.(told) ?? told;
    const disturbed: Promise<Ended>[] = [];
    const begin = () => {
      const running = start(scene.args, options);
      disturbed.push(bounded(running, command, options, Math.max(PATIENCE_MS, SEVERAL * baseline.ms), broken));
      return running;
    };
    const running = begin();
    await armed.started?.(running);
    if (fault.twice) {
      await sleep(baseline.ms * dice.next());
      begin();
    }
    const all = await Promise.all(disturbed);
    over = true;
    broken.push(...await armed.check?.(all) ?? []);
    await armed.heal?.();
    healProxies(site);
    said.push(...all.map(tell));

    for (const { code } of all) {
      const belongs = fault.codes.includes(code)
        || code === 143 && !command.deadline // a person has stopped what has no deadline of its own
        || fault.twice && [...scene.doneAlready ?? [], ...scene.twoAtOnce ?? []].includes(code)
        || scene.stillWrong?.().includes(code);
      if (!belongs) broken.push(`exit code ${code} does not belong to this fault`);
    }
    if (all.every(({ code }) => ![0, 137].includes(code)) && filesBelow(place.scratch).length > 0) {
      broken.push(`the run has left in the scratch directory: ${filesBelow(place.scratch).join(', ')}`);
    }
    broken.push(...await checkPlace(place, scene, before, all, false));

    const again = await undisturbed(command, scene, place, broken);
    said.push(tell(again));
    if (again.code !== 0 && !(scene.doneAlready ?? []).includes(again.code)) broken.push(`the undisturbed run afterwards ended with ${again.code}`);
    broken.push(...await checkPlace(place, scene, before, [again], true));
    return { what: armed.what, codes: all.map(({ code }) => code), struck, broken, said: said.join('\n') };
  } finally {
    await scene.remove?.();
    unmountBelow(path.dirname(place.target));
    place.remove();
  }
}

/** Measures an undisturbed run, of which the same has to be true. */
export async function measure(command: Command, site: Site): Promise<Baseline> {
  const place = await makePlace(command.kind, site);
  try {
    const scene = await command.prepare(place);
    healProxies(site);
    const before = snapshot(place.stores);
    const requests = site.s3Proxy.seen.length;
    const from = Date.now();
    const ended = await start(scene.args, scene.options).ended;
    const baseline: Baseline = {
      ms: Date.now() - from,
      s3Requests: Math.max(1, site.s3Proxy.seen.length - requests),
      postgresBytes: Math.max(1, site.pgProxy.bytes()),
      redisBytes: Math.max(1, site.redisProxy.bytes()),
    };
    const broken = ended.code === 0 ? await checkPlace(place, scene, before, [ended], true) : [`it ended with ${ended.code}`];
    await scene.remove?.();
    if (broken.length > 0) throw new Error(`"${command.name}" fails undisturbed: ${broken.join('; ')}\n${tell(ended)}`);
    return baseline;
  } finally {
    place.remove();
  }
}

async function undisturbed(command: Command, scene: Scene, place: Place, broken: string[]): Promise<Ended> {
  broken.push(...await letClaimsExpire(place));
  return bounded(start(scene.args, scene.options), command, scene.options, UNDISTURBED_MS, broken);
}

/** All invariants: of the stores, of what was said, and of what the command does. */
export async function checkPlace(
  place: Place, scene: Scene, before: Snapshot, runs: readonly Ended[], last: boolean,
): Promise<string[]> {
  const { stores, site } = place;
  const excused = last ? [] : scene.damaged ?? [];
  const when = last ? ' (after the undisturbed run)' : '';
  return [
    ...checkRecords(stores).filter(what => !excused.some(({ store, id }) => what.startsWith(`${store}: `) && what.includes(id))),
    ...checkOlder(before, stores, key => scene.mayGo?.(key) ?? false),
    ...checkSecrets(site.secrets, runs.map(tell).join('\n'), stores),
    ...await scene.check?.(runs.at(-1)!, last, runs.length) ?? [],
    ...last ? (await leftForGood(place)).map(left => `left: ${left}`) : [],
  ].map(what => what + when);
}

/** What is left in the stores and would stay: a prune that runs a day later takes away what killed runs have left, once nothing is held. */
async function leftForGood(place: Place): Promise<string[]> {
  const left = async () => leftIn(place.stores, await uploadsOf(place));
  if ((await left()).length === 0) return [];
  const { options } = place;
  if (Object.values(place.stores).flatMap(filesIn).some(file => file.endsWith('.hold'))) await start(['release'], options).ended;
  // What a restore has stored before is suspect, and stops every prune until somebody has looked at it.
  const newest = idsIn(place.stores.volume).at(-1);
  if (newest !== undefined) await start(['accept', newest], options).ended;
  const pruned = await start(['prune'], {
    ...options, through: ['faketime', '-f', '+26h'], env: { ...options.env, FAKETIME_DONT_FAKE_MONOTONIC: '1' },
  }).ended;
  return [...pruned.code === 0 ? [] : [`the prune of a day later ended with ${pruned.code}`], ...await left()];
}

/** Ends a run that has no end, and says so. */
async function bounded(running: Running, command: Command, { config }: RunOptions, patienceMs: number, broken: string[]): Promise<Ended> {
  const ended = running.ended;
  const isOver = (ms: number) => Promise.race([ended.then(() => true), sleep(ms, false, { ref: false })]);
  if (!command.deadline) {
    if (await isOver(patienceMs)) return ended;
    running.process.kill('SIGTERM');
    if (await isOver(8000)) return ended; // the promise is 5 s; the rest is for the machine
    broken.push('it does not end within 8 s of SIGTERM');
  } else {
    if (await isOver((config as NamedConfig).activeDeadlineSeconds * 1000 + CLEAN_UP_MS)) return ended;
    broken.push('it hangs beyond its deadline');
  }
  killAllBelow(running.process.pid!);
  return ended;
}

/** Lets the time pass after which a killed run is dead for others: its claims get another deadline, if theirs is as it should be. */
async function letClaimsExpire({ stores, bucket, site }: Place): Promise<string[]> {
  const broken: string[] = [];
  const client = rootClient(site.s3);
  for (const [store, directory] of Object.entries(stores)) {
    for (const file of filesIn(directory).filter(name => name.endsWith(STARTED_SUFFIX))) {
      const claim = JSON.parse(readFileSync(path.join(directory, file), 'utf8')) as { startedAt: string; deadlineAt: string };
      const seconds = (Date.parse(claim.deadlineAt) - Date.parse(claim.startedAt)) / 1000;
      if (!(seconds <= 60 + CLAIM_GRACE_SECONDS)) broken.push(`the claim ${file} in ${store} lasts ${seconds} s, longer than its run`);
      const expired = JSON.stringify({ ...claim, deadlineAt: new Date(Date.now() - 1000).toISOString() });
      if (store === 'volume') writeFileSync(path.join(directory, file), expired);
      else await client.send(new PutObjectCommand({ Bucket: bucket, Key: `${S3_PREFIX}/${file}`, Body: expired }));
    }
  }
  client.destroy();
  return broken;
}

async function uploadsOf({ bucket, site }: Place): Promise<string[]> {
  const client = rootClient(site.s3);
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  client.destroy();
  return Uploads.map(({ Key }) => Key ?? '');
}

function withDeadline(options: RunOptions, activeDeadlineSeconds: number | undefined): RunOptions {
  return activeDeadlineSeconds === undefined ? options : { ...options, config: { ...options.config as NamedConfig, activeDeadlineSeconds } };
}

function healProxies({ s3Proxy, pgProxy, redisProxy }: Site): void {
  s3Proxy.heal();
  pgProxy.heal();
  redisProxy.heal();
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true }).map(String).filter(file => file !== '.ballast');
}

function tell({ code, stdout, stderr }: Ended): string {
  return `--- exit code ${code}\n${stderr}${stdout}`;
}
