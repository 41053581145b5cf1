import { Readable, Writable } from 'node:stream';
import { Command, CommanderError } from 'commander';
import { commandLine, Execute } from './command-line';
import { Commands, hinting, TypedFlags, withTypedFlags, writing } from './commands/hints';
import { refusalOf } from './commands/node-version';
import {
  ConfigOptions, JOB_ENV, loadBackupConfig, loadConfig, loadDrillConfig, loadExporterConfig, loadInspectionConfig, loadInspectionConfigs,
  loadRestoreConfig,
  MANIFEST_ENV, STANDARD_INPUT,
} from './config/load';
import { readConfigStream } from './config/read-file';
import { exitCodeOf, messageOf, RunnerError } from './core/errors';
import { isText, logFormatIn } from './core/log-format';
import { createReporter } from './core/reporter';
import { RestoreFailure } from './engine-api/restorer';
import { loadLifecycle } from './lifecycle/load';
import { CONFIG_ENV } from '../contract/config';
import { ExitCode, RETRYABLE } from '../contract/exit-code';

/** The process that a command runs in. */
export interface Io {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Aborted when the process is told to stop; its reason is a `RunnerError`. */
  readonly signal: AbortSignal;
}

/** Runs the command line `args`, program names left out, and returns the exit code. Never rejects. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  let typed: TypedFlags = { command: '', flags: [] };
  const hinted = (text: string) => withTypedFlags(text, typed, commandsOf(program));
  const format = logFormatIn(args);
  const reporter = hinting(createReporter(io.stderr, format, io.env), hinted);
  const asText = isText(format, io.stdout);
  const stdout = asText ? writing(io.stdout, hinted) : io.stdout;
  let exitCode: ExitCode = ExitCode.OK;
  const { env, stdin, signal } = io;
  function executor<O, C>(load: (options: O, env: NodeJS.ProcessEnv) => Promise<C>): Execute<O, C> {
    return async (options, command) => {
      exitCode = await command({ config: await load(options, env), env, stdin, stdout, asText, reporter, signal });
    };
  }
  const program = commandLine({ stdout, stderr: io.stderr, reporter }, {
    inspect: executor(loadInspectionConfig),
    inspectAll: executor(loadInspectionConfigs),
    change: executor(loadConfig),
    serve: executor(loadExporterConfig),
    backUp: executor(loadBackupConfig),
    restoring: executor(loadRestoreConfig),
    drilling: executor(loadDrillConfig),
    lifecycle: executor(loadLifecycle),
    plain: executor(async () => null),
  });
  program.hook('preAction', async (_program, command) => {
    await completeOptions(command, env, stdin);
    const refusal = await refusalOf({ command: command.name(), args, options: command.opts(), wanted: command.args[0] }, process.version, env);
    if (refusal !== null) throw new RunnerError(refusal, ExitCode.VERSION_MISMATCH);
    typed = typedFlags(command);
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE; // it has said why
    // A command that was stopped may have more to say than that: what a restore has left.
    const saidSo = (error instanceof RunnerError && error.exitCode === ExitCode.CANCELLED) || (error instanceof RestoreFailure && error.live);
    const cause: unknown = io.signal.aborted && !saidSo ? io.signal.reason : error;
    const code = exitCodeOf(cause);
    reporter.error('failed', messageOf(cause), {
      exitCode: code,
      retryMayHelp: RETRYABLE.includes(code),
      // What the runner did not foresee is told with the place where it happened.
      stack: cause instanceof RunnerError ? undefined : (cause as Error | undefined)?.stack,
    });
    return code;
  }
}

/** All commands with their options, by name and that of their parents: `list`, `lifecycle diff`. */
function commandsOf(command: Command): Commands {
  return new Map(command.commands.flatMap((each): [string, readonly string[]][] => each.commands.length === 0
    ? [[each.name(), each.options.map(({ flags }) => flags)]]
    : [...commandsOf(each)].map(([name, options]) => [`${each.name()} ${name}`, options])));
}

/** Of several values, each is one. */
const SAYS_WHICH = ['--manifest <file>', '--job <name>', '--config <file>', '--name <backup>', '--set <path=value>'] as const;

/** What of the command line says which config is meant, and which backup of it. */
function typedFlags(command: Command): TypedFlags {
  const flags = SAYS_WHICH.flatMap((wanted): [string, string][] => {
    const name = command.options.find(option => option.flags === wanted)?.attributeName() ?? '';
    if (command.getOptionValueSource(name) !== 'cli') return [];
    return [command.getOptionValue(name) as string | readonly string[]].flat().map(value => [wanted, value]);
  });
  return { command: command.name(), flags };
}

/** Takes what is not typed from the environment, and reads what is typed from elsewhere. */
async function completeOptions(command: Command, env: NodeJS.ProcessEnv, stdin: Readable): Promise<void> {
  const options = () => command.opts<Partial<ConfigOptions>>();
  const known = (name: string) => command.options.some(option => option.attributeName() === name);
  // In a pod the config is in the environment, and is meant.
  if (known('manifest') && options().config === undefined && !env[CONFIG_ENV]) {
    if (options().manifest === undefined && env[MANIFEST_ENV]) command.setOptionValueWithSource('manifest', env[MANIFEST_ENV], 'env');
    if (options().manifest !== undefined && options().job === undefined && env[JOB_ENV]) command.setOptionValueWithSource('job', env[JOB_ENV], 'env');
  }
  if (options().manifest === '-') command.setOptionValueWithSource('manifestText', await readConfigStream(stdin, STANDARD_INPUT), 'cli');
}
