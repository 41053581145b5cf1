import { Writable } from 'node:stream';
import { Argument, Command, Option } from 'commander';
import { decryptionOf } from './catalog/open-plain';
import { accept } from './commands/accept';
import { backup } from './commands/backup';
import { breakGlass } from './commands/break-glass';
import { completionScript, Shell, SHELLS } from './commands/completion';
import { doctor } from './commands/doctor';
import { drill } from './commands/drill';
import { drills } from './commands/drills';
import { fetch } from './commands/fetch';
import { hold, release } from './commands/hold';
import { importCommand } from './commands/import';
import { lifecycleApply, lifecycleDiff } from './commands/lifecycle';
import { list } from './commands/list';
import { metrics } from './commands/metrics';
import { pin, unpin } from './commands/pin';
import { pruneCommand } from './commands/prune';
import { rehearse } from './commands/rehearse';
import { restore } from './commands/restore';
import { restoreManifest } from './commands/restore-manifest';
import { discard, rollback } from './commands/rollback';
import { serve } from './commands/serve';
import { show } from './commands/show';
import { usage } from './commands/usage';
import { verify } from './commands/verify';
import { ConfigOptions, InspectionConfig, InspectionConfigs, InspectionOptions, JOB_ENV, MANIFEST_ENV } from './config/load';
import { describeAt } from './config/point-in-time';
import { Context } from './core/context';
import { LOG_FORMATS } from './core/log-format';
import { VERSION } from './core/version';
import { LifecycleOptions } from './lifecycle/load';
import { BackupConfig, CONFIG_ENV, DrillConfig, ExporterConfig, NamedConfig, RestoreConfig } from '../contract/config';
import { ExitCode } from '../contract/exit-code';
import { LifecycleConfig } from '../contract/lifecycle';
import { SCENARIOS } from '../contract/runbook';

export type Execute<O, C> = (options: O, command: (context: Context<C>) => Promise<ExitCode>) => Promise<void>;

/** How a command gets its config, by what it does. */
export interface Executors {
  /** At one backup. */
  readonly inspect: Execute<InspectionOptions, InspectionConfig>;
  /** At all backups of a config, or at one. */
  readonly inspectAll: Execute<InspectionOptions, InspectionConfigs>;
  readonly change: Execute<ConfigOptions, NamedConfig>;
  readonly serve: Execute<ConfigOptions, ExporterConfig>;
  readonly backUp: Execute<ConfigOptions, BackupConfig>;
  readonly restoring: Execute<ConfigOptions, RestoreConfig>;
  readonly drilling: Execute<ConfigOptions, DrillConfig>;
  readonly lifecycle: Execute<LifecycleOptions, LifecycleConfig>;
  /** Without a config. */
  readonly plain: Execute<unknown, null>;
}

/** All commands with their options: what there is to type. */
export function commandLine(
  io: Pick<Context, 'stdout' | 'reporter'> & { readonly stderr: Writable },
  { inspect, inspectAll, change, serve: executeServe, backUp, restoring, drilling, lifecycle: executeLifecycle, plain }: Executors,
): Command {
  const program = new Command('cdk8s-backup')
    .description('Takes, lists, verifies, fetches and restores the backups that a cdk8s app defines.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeOut: text => io.stdout.write(text), writeErr: text => io.stderr.write(text) })
    .addHelpText('after', `
The config comes from --manifest FILE --job NAME, from --config FILE, or from the environment variable ${CONFIG_ENV}.
Without it, ${MANIFEST_ENV} and ${JOB_ENV} have the place of --manifest and --job.
Passwords and keys come from the environment variables that the config names.

Through a port-forward:
  cdk8s-backup backup --manifest dist/app.k8s.yaml --job db-backup --set source.host=localhost
  cdk8s-backup restore --manifest dist/app.k8s.yaml --job db-restore --set target.host=localhost

"restore", "rollback" and "discard" take the job of a restore, or that of a backup: then they work on the database that it backs up.`);

  const define = (name: string, description: string, parent: Command = program) => parent.command(name)
    .description(description)
    .option('--manifest <file>', 'read the config from a manifest that cdk8s synth wrote; "-": from standard input')
    .option('--job <name>', 'name of the CronJob or Job in the manifest')
    .option('--config <file>', 'read the config from a JSON file')
    .option('--set <path=value>', 'change a value of the config, for example source.host=localhost; may be repeated', collect, [])
    .addOption(logFormat());

  const defineLook = (name: string, description: string) => define(name, description)
    .option('--name <backup>', 'the backup to look at, where the config has several: that of the exporter');

  define('backup', 'take a backup now')
    .option('--accept-smaller', 'do not mark the backup as suspect if it is empty or much smaller than the last one', false)
    .action(options => backUp(options, context => backup(context, options)));
  defineLook('list', 'list all backups, oldest first')
    .option('--json', 'as JSON', false)
    .action(options => inspectAll(options, context => list(context, options)));
  defineLook('show', 'show all that is known of one backup')
    .argument('[backup]', 'latest, or a name from the list', 'latest')
    .option('--json', 'as JSON', false)
    .action((wanted, options) => inspect(options, context => show(context, { ...options, wanted })));
  defineLook('usage', 'show how much each store holds, how fast that grows, and what is free')
    .option('--json', 'as JSON', false)
    .action(options => inspectAll(options, context => usage(context, options)));
  defineLook('drills', 'list all restore drills, oldest first')
    .option('--json', 'as JSON', false)
    .action(options => inspectAll(options, context => drills(context, options)));
  defineLook('doctor', 'look for what stands in the way of a backup: database, programs, Secrets, stores, lifecycle; changes nothing in them')
    .option('--break-glass', 'prove, on a machine outside of the cluster, that what is left after its loss is enough: the newest backup is read from each store', false)
    .option('--proofs <file>', 'with --break-glass: where the dates of the last proofs are kept; break-glass.json if not given')
    .option(...IDENTITY)
    .option('--json', 'as JSON', false)
    .action(options => inspect(options, context => options.breakGlass ? breakGlass(context, options) : doctor(context, options)));
  defineLook('verify', 'read a backup back from every store, to the last byte of its format, and compare it with its record')
    .argument('[backup]', 'latest, or a name from the list', 'latest')
    .option('--all', 'verify every backup', false)
    .option('--scheduled', 'verify the newest backup, and of the older ones the share that the config says', false)
    .option('--repair', 'replace a copy that is missing or damaged by a good one of another store', false)
    .option('--dry-run', 'with --repair: tell what would be replaced, and change nothing', false)
    .option('--no-record', 'do not note the result in the stores')
    .option('--json', 'as JSON', false)
    .option(...IDENTITY)
    .action((wanted, options) => inspect(options, context => verify(context, { ...options, wanted })));
  defineLook('fetch', 'copy the files of a backup into a local directory, verified')
    .argument('[backup]', 'latest, or a name from the list', 'latest')
    .option('--to <directory>', 'an existing directory', '.')
    .option('--from <store>', 'read from this store only')
    .option('--decrypt', 'write the files as they were before they were encrypted', false)
    .option(...IDENTITY)
    .action((wanted, options) => inspect(options, context => fetch(context, { ...options, wanted })));
  define('restore', 'restore a backup: beside what is there, checked, and then in its place')
    .argument('[backup]', 'latest, or a name from the list; that of the config if not given')
    .option(...AT)
    .option('--store <name>', 'read from this store only')
    .option('--to <file>', 'SQLite: restore into this file, which must not exist, and leave it at that')
    .option('--dry-run', 'tell what would be done, and what is missing for it', false)
    .option('--no-safety-backup', 'Redis, and PostgreSQL in place: do not store what is there before it is replaced')
    .option('--yes', 'do not ask for a confirmation', false)
    .option(...IDENTITY)
    .action((wanted, options) => restoring(options, context =>
      restore(withStore(withIdentity(context, options), options), { ...options, wanted, inPod: inPod(options) })));
  program.command('restore-manifest')
    .description('print a Job that restores a backup of your choice, or goes back, for "kubectl create -f -"; needs no cluster')
    .option('--manifest <file>', 'a manifest that cdk8s synth wrote; "-": from standard input')
    .option('--job <name>', 'name of the restore in the manifest')
    .option('--backup <backup>', 'a name from the list, or latest; that of the manifest if not given')
    .option(...AT)
    .option('--rollback [name]', 'the Job makes live again what a restore has kept under that name; with --dry-run it tells the names')
    .option('--discard <name>', 'the Job removes what a restore has kept under that name, for good')
    .option('--name <name>', 'name of the Job; that of the restore with the time behind it if not given')
    .option('--dry-run', 'the Job tells what would be done, and what is missing for it', false)
    .option('--set <path=value>', 'change a value of the config; may be repeated', collect, [])
    .addOption(logFormat())
    .action(async options => {
      const now = new Date();
      io.stdout.write(await restoreManifest(options, now));
      if (options.at !== undefined) io.reporter.info('restore.at', `${describeAt(options.at, now)}: the Job restores the newest backup from then or before`);
    });
  define('rollback', 'make what the last restore has replaced live again')
    .argument('[name]', 'name of the data that are kept; if not given, those of a rollback that did not end, or else the newest')
    .option('--dry-run', 'tell what would be done, and change nothing', false)
    .option('--yes', 'do not ask for a confirmation', false)
    .option(...IDENTITY)
    .action((name, options) => restoring(options, context => rollback(withIdentity(context, options), { ...options, name, inPod: inPod(options) })));
  define('discard', 'remove for good what a restore has kept')
    .argument('[name]', 'name of the data that are kept; the newest if not given')
    .option('--dry-run', 'tell what would be done, and change nothing', false)
    .option('--yes', 'do not ask for a confirmation', false)
    .action((name, options) => restoring(options, context => discard(context, { ...options, name, inPod: inPod(options) })));
  define('drill', 'rehearse a restore: into an empty server on this machine, checked, timed, recorded, and thrown away')
    .argument('[backup]', 'latest, or a name from the list', 'latest')
    .action((wanted, options) => drilling(options, context => drill(context, { wanted, changed: options.set.length > 0 })));
  define('accept', 'accept a suspect backup, so that it can be the latest')
    .argument('<backup>', 'a name from the list')
    .action((wanted, options) => change(options, context => accept(context, wanted)));
  define('prune', 'remove what the retention does not keep, and what killed runs have left')
    .option('--dry-run', 'tell what would go and what stays, and why', false)
    .option('--unclaimed', 'also remove files without a record that no claim proves to be ours, if older than a day', false)
    .option('--scheduled', 'as the CronJob does, with the result as a line of the log', false)
    .option('--json', 'as JSON', false)
    .action(options => backUp(options, context => pruneCommand(context, options)));
  define('import', 'take over backups that another program has made: copy each with a record; the originals stay as they are')
    .requiredOption('--from <place>', 'a directory, or s3://BUCKET/PREFIX, with the files and, where there are, their .sha256')
    .option('--zone <zone>', 'time zone of the times in names, such as Europe/Berlin', 'Etc/UTC')
    .option('--dry-run', 'read and check all of it, tell what would be imported, and change nothing', false)
    .option('--json', 'as JSON', false)
    .action(options => backUp(options, context => importCommand(context, options)));
  define('pin', 'keep a backup, whatever the retention says')
    .argument('<backup>', 'latest, or a name from the list')
    .action((wanted, options) => change(options, context => pin(context, wanted)));
  define('unpin', 'leave a pinned backup to the retention again')
    .argument('<backup>', 'a name from the list')
    .action((wanted, options) => change(options, context => unpin(context, wanted)));
  define('hold', 'stop all pruning, for example during an incident')
    .requiredOption('--reason <text>', 'why, for whoever finds the hold later')
    .action(options => change(options, context => hold(context, options)));
  define('release', 'end a hold, so that pruning goes on')
    .action(options => change(options, context => release(context)));
  defineLook('metrics', 'print Prometheus metrics from the records')
    .action(options => inspectAll(options, context => metrics(context)));
  define('serve', 'serve the status page, metrics for Prometheus and JSON, until it is stopped')
    .action(options => executeServe(options, context => serve(context)));

  program.command('rehearse')
    .description('play what a runbook says for an emergency, in namespaces that bear the label cdk8s-backup/rehearsal=true; tells the plan unless --yes is given')
    .argument('<page>', 'the Markdown of a runbook, in the folder that cdk8s synth has written')
    .addOption(Object.assign(new Option('--scenario <name>', 'the emergency').makeOptionMandatory(), { argChoices: SCENARIO_NAMES }))
    .option('--name <database>', 'play only what is about this backup, as the headings of the page call it')
    .option('--answer <variable=value>', 'answer to a command that asks; may be repeated', collect, [])
    .option('--yes', 'play it', false)
    .addOption(logFormat())
    .action((page, options) => plain(options, context => rehearse(context, io.stderr, { ...options, page })));

  program.command('completion')
    .description('print what makes a shell complete these commands: source <(cdk8s-backup completion bash)')
    .addArgument(new Argument('<shell>', 'the shell that reads it').choices(SHELLS))
    .action((shell: Shell) => void io.stdout.write(completionScript(shell, program)));

  const lifecycle = program.command('lifecycle').description('compare and set the lifecycle rules of a bucket');
  const defineLifecycle = (name: string, description: string) => define(name, description, lifecycle)
    .option('--lifecycle <file>', 'rules from a JSON file that cdk8s synth wrote, for the bucket of a backup; by default those of a lifecycle Job')
    .option('--store <name>', 'the S3 store of the backup, where it has several')
    .option('--transition-default-minimum-object-size <value>', 'header to send with the rules of --lifecycle');
  defineLifecycle('diff', 'show what apply would change')
    .option('--exit-code', `end with ${ExitCode.DIFFERS} if anything would change, for a pipeline`, false)
    .action(options => executeLifecycle(options, context => lifecycleDiff(context, options)));
  defineLifecycle('apply', 'show what changes, then set the rules')
    .option('--keep-others', 'keep rules that are not ours', false)
    .option('--remove-others', 'remove rules that are not ours', false)
    .action(options => executeLifecycle(options, context => lifecycleApply(context, options)));
  return program;
}

/** A page has some of them, and refuses the others itself. */
const SCENARIO_NAMES = Object.keys(SCENARIOS);

/** Found in the arguments before they are understood: it says how to tell that they can't be. */
const logFormat = () => new Option('--log-format <format>', 'for people or for programs; auto: text on a terminal, JSON elsewhere').choices(LOG_FORMATS).default('auto');

const AT = ['--at <time>', 'the newest backup from this time or before, with Z or an offset: 2026-11-22T02:00:00Z'] as const;

/** For encrypted backups. */
const IDENTITY = ['--identity <file>', 'file with an age identity (AGE-SECRET-KEY-1…) that opens encrypted backups'] as const;

function withIdentity(context: Context<RestoreConfig>, { identity }: { readonly identity?: string }): Context<RestoreConfig> {
  return { ...context, config: { ...context.config, decryption: decryptionOf(context.config, identity) } };
}

function withStore(context: Context<RestoreConfig>, { store }: { readonly store?: string }): Context<RestoreConfig> {
  return store === undefined ? context : { ...context, config: { ...context.config, store } };
}

/** Whether the config is the one that the container was started with. */
function inPod({ config, manifest }: ConfigOptions): boolean {
  return config === undefined && manifest === undefined;
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
