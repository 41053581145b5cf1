import { run } from './cli';
import { RunnerError } from './core/errors';
import { logFormatIn } from './core/log-format';
import { createReporter } from './core/reporter';
import { removeScratchOfThisRun } from './core/scratch';
import { ExitCode } from '../contract/exit-code';

/* Whoever requires the bundle, such as a test that runs many command lines in its own process, gets this and starts nothing. */
export { run };

/** Until then a run removes itself what it has on disk; a server that does not answer must not keep it from that. */
const CLEAR_AFTER_SIGNAL_MS = 3500;

/** A stopped run is gone before Kubernetes would kill it, even where a server does not answer its clean-up. */
const EXIT_AFTER_SIGNAL_MS = 4500;

const reporter = createReporter(process.stderr, logFormatIn(process.argv.slice(2)), process.env);

function main(): void {
  // The AWS SDK in the bundle is one that runs on Node.js 20; that later ones will not is no news for whoever types a command.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      stop.abort(new RunnerError(`stopped by ${name}; earlier backups are as they were`, ExitCode.CANCELLED));
      setTimeout(() => void removeScratchOfThisRun(reporter), CLEAR_AFTER_SIGNAL_MS).unref();
      setTimeout(giveUp, EXIT_AFTER_SIGNAL_MS).unref();
    });
  }
  const { env, stdin, stdout, stderr } = process;
  void run(process.argv.slice(2), { env, stdin, stdout, stderr, signal: stop.signal }).then(code => {
    process.exitCode = code;
    return removeScratchOfThisRun(reporter);
  });
}

/**
 * Ends the process although something hangs. `process.exit` would wait for a thread that is in a file system which does not answer, and
 * signals of its own don't end a process that is the first one of a container. Another program in its place ends all threads.
 */
function giveUp(): void {
  reporter.error('failed', 'stopped, and gone before everything was tidied up: a file system or a server does not answer; the next run tidies up', {
    exitCode: ExitCode.CANCELLED, retryMayHelp: true,
  });
  try {
    process.execve!(process.execPath, [process.execPath, '--eval', `process.exit(${ExitCode.CANCELLED})`], {});
  } catch {
    process.exit(ExitCode.CANCELLED); // a system that can't do that
  }
}

if (require.main === module) main();
