import { Writable } from 'node:stream';
import { Command, CommanderError } from 'commander';
import { accept } from './commands/accept';
import { backup } from './commands/backup';
import { Context } from './commands/context';
import { fetch } from './commands/fetch';
import { lifecycleApply, lifecycleDiff, LifecycleContext } from './commands/lifecycle';
import { list } from './commands/list';
import { metrics } from './commands/metrics';
import { restore } from './commands/restore';
import { verify } from './commands/verify';
import { messageOf, RunnerError } from './errors';
import { LifecycleOptions, loadLifecycle } from './lifecycle/load';
import { ConfigOptions, loadConfig } from './load-config';
import { createReporter } from './reporter';
import { VERSION } from './version';
import { ExitCode, RETRYABLE } from '../contract/exit-code';

/** The process that a command runs in. */
export interface Io {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Aborted when the process is told to stop; its reason is a `RunnerError`. */
  readonly signal: AbortSignal;
}

/** Runs the command line `args`, program names left out, and returns the exit code. Never rejects. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const reporter = createReporter(io.stderr);
  let exitCode: ExitCode = ExitCode.OK;
  const rest = { env: io.env, stdout: io.stdout, reporter, signal: io.signal };
  const program = commandLine(io, {
    backup: async (options, command) => {
      exitCode = await command({ ...rest, config: await loadConfig(options, io.env) });
    },
    lifecycle: async (options, command) => {
      exitCode = await command({ ...rest, config: await loadLifecycle(options, io.env) });
    },
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE; // it has said why
    const cause: unknown = io.signal.aborted ? io.signal.reason : error;
    const code = cause instanceof RunnerError ? cause.exitCode : ExitCode.FAILED;
    reporter.error('failed', messageOf(cause), {
      exitCode: code,
      retryMayHelp: RETRYABLE.includes(code),
      // What the runner did not foresee is told with the place where it happened.
      stack: cause instanceof RunnerError ? undefined : (cause as Error | undefined)?.stack,
    });
    return code;
  }
}

/** Runs a command about a backup, or about the lifecycle of a bucket. */
interface Execute {
  backup(options: ConfigOptions, command: (context: Context) => Promise<ExitCode>): Promise<void>;
  lifecycle(options: LifecycleOptions, command: (context: LifecycleContext) => Promise<ExitCode>): Promise<void>;
}

function commandLine(io: Io, { backup: execute, lifecycle: executeLifecycle }: Execute): Command {
  const program = new Command('cdk8s-backup')
    .description('Takes, lists, verifies, fetches and restores the backups that a cdk8s app defines.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeOut: text => io.stdout.write(text), writeErr: text => io.stderr.write(text) })
    .addHelpText('after', `
The config comes from --manifest FILE --job NAME, from --config FILE, or from the environment variable CDK8S_BACKUP_CONFIG.
Passwords and keys come from the environment variables that the config names.

Through a port-forward:
  cdk8s-backup backup --manifest dist/app.k8s.yaml --job db-backup --set source.host=localhost`);

  const define = (name: string, description: string, parent: Command = program) => parent.command(name)
    .description(description)
    .option('--manifest <file>', 'read the config from a manifest that cdk8s synth wrote')
    .option('--job <name>', 'name of the CronJob or Job in the manifest')
    .option('--config <file>', 'read the config from a JSON file')
    .option('--set <path=value>', 'change a value of the config, for example source.host=localhost; may be repeated', collect, []);

  define('backup', 'take a backup now')
    .option('--accept-smaller', 'do not mark the backup as suspect if it is empty or much smaller than the last one', false)
    .action(options => execute(options, context => backup(context, options)));
  define('list', 'list all backups, oldest first')
    .option('--json', 'as JSON', false)
    .action(options => execute(options, context => list(context, options)));
  define('verify', 'read a backup back from every store and compare it with its record')
    .argument('[backup]', 'latest, or a name from the list', 'latest')
    .option('--all', 'verify every backup', false)
    .option('--json', 'as JSON', false)
    .action((wanted, options) => execute(options, context => verify(context, { ...options, wanted })));
  define('fetch', 'copy the files of a backup into a local directory, verified')
    .argument('[backup]', 'latest, or a name from the list', 'latest')
    .option('--to <directory>', 'an existing directory', '.')
    .option('--from <store>', 'read from this store only')
    .action((wanted, options) => execute(options, context => fetch(context, { ...options, wanted })));
  define('restore', 'restore a SQLite backup into a new file')
    .argument('[backup]', 'latest, or a name from the list', 'latest')
    .requiredOption('--to <file>', 'file to write; must not exist')
    .action((wanted, options) => execute(options, context => restore(context, { ...options, wanted })));
  define('accept', 'accept a suspect backup, so that it can be the latest')
    .argument('<backup>', 'a name from the list')
    .action((wanted, options) => execute(options, context => accept(context, wanted)));
  define('metrics', 'print Prometheus metrics from the records')
    .action(options => execute(options, context => metrics(context)));

  const lifecycle = program.command('lifecycle').description('compare and set the lifecycle rules of a bucket');
  const defineLifecycle = (name: string, description: string) => define(name, description, lifecycle)
    .option('--lifecycle <file>', 'rules from a JSON file that cdk8s synth wrote, for the bucket of a backup; by default those of a lifecycle Job')
    .option('--store <name>', 'the S3 store of the backup, where it has several')
    .option('--transition-default-minimum-object-size <value>', 'header to send with the rules of --lifecycle');
  defineLifecycle('diff', 'show what apply would change')
    .action(options => executeLifecycle(options, context => lifecycleDiff(context)));
  defineLifecycle('apply', 'show what changes, then set the rules')
    .option('--keep-others', 'keep rules that are not ours', false)
    .option('--remove-others', 'remove rules that are not ours', false)
    .action(options => executeLifecycle(options, context => lifecycleApply(context, options)));
  return program;
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
