import { processesBelow, RunOptions, start } from './_runner';

/** Samples the command lines and environments of the program and all that it starts, as often as it can, until it ends. */
export async function watched(args: readonly string[], options: RunOptions) {
  const running = start(args, options);
  const own = running.process.pid!;
  const commandLines = new Set<string>();
  const environments = new Map<string, string>();
  const timer = setInterval(() => {
    for (const { pid, args: line, env } of processesBelow(own)) {
      commandLines.add(line);
      // Between fork and exec a child is a copy of the program itself.
      if (pid !== own && !line.includes('main.js')) environments.set(line, env);
    }
  }, 10);
  const ended = await running.ended;
  clearInterval(timer);
  return { ended, commandLines: [...commandLines], environments };
}
