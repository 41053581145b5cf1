import { Writable } from 'node:stream';
import { Command, CommanderError } from 'commander';
import { accept } from './commands/accept';
import { backup } from './commands/backup';
import { Context } from './commands/context';
import { fetch } from './commands/fetch';
import { list } from './commands/list';
import { metrics } from './commands/metrics';
import { restore } from './commands/restore';
import { verify } from './commands/verify';
import { messageOf, RunnerError } from './errors';
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
  const program = commandLine(io, async (options, command) => {
    const context: Context = { config: await loadConfig(options, io.env), env: io.env, stdout: io.stdout, reporter, signal: io.signal };
    exitCode = await command(context);
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

type Execute = (options: ConfigOptions, command: (context: Context) => Promise<ExitCode>) => Promise<void>;

function commandLine(io: Io, execute: Execute): Command {
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

  const define = (name: string, description: string) => program.command(name)
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
  return program;
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
