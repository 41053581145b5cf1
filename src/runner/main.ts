import { run } from './cli';
import { RunnerError } from './errors';
import { ExitCode } from '../contract/exit-code';

/** A stopped run is gone before Kubernetes would kill it, even where a server does not answer its clean-up. */
const EXIT_AFTER_SIGNAL_MS = 4500;

const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.on(name, () => {
    stop.abort(new RunnerError(`stopped by ${name}; earlier backups are as they were`, ExitCode.CANCELLED));
    setTimeout(() => process.exit(ExitCode.CANCELLED), EXIT_AFTER_SIGNAL_MS).unref();
  });
}

const { env, stdin, stdout, stderr } = process;
void run(process.argv.slice(2), { env, stdin, stdout, stderr, signal: stop.signal }).then(code => {
  process.exitCode = code;
});
