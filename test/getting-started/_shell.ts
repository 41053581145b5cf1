import { spawn } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../pages';

/** A shell at which somebody types one command after the other. */
export interface Shell {
  /** Returns what the command prints. Fails if it does, with all that it has said. Where it asks, it is answered. */
  type(command: string, ...answers: readonly string[]): Promise<string>;
  end(): void;
}

/**
 * @param env what differs from here. Nothing of this repository's packages is on the PATH, and nothing of an npm that runs the tests in the environment.
 * @param enter the command that leads to where it is
 */
export function startShell(cwd: string, env: { readonly PATH: string; readonly HOME: string }, enter: readonly string[] = []): Shell {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|AWS_|POSTGRES_|CDK8S_|NODE_OPTIONS$)/i.test(name)));
  const places = env.PATH.split(path.delimiter).filter(place => !place.startsWith(path.join(ROOT, 'node_modules')));
  const [file, ...args] = [...enter, 'bash', '--norc'];
  const bash = spawn(file!, args, {
    cwd, env: { ...inherited, ...env, PATH: [path.dirname(process.execPath), ...places].join(path.delimiter) }, stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  let heard = () => {};
  bash.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    heard();
  });
  bash.stdin.write('exec 2>&1\n'); // in the order in which it is said
  let count = 0;
  return {
    type: (command, ...answers) => new Promise((resolve, reject) => {
      const end = `end of command ${count++}: `;
      output = '';
      heard = () => {
        const [, said, code] = new RegExp(`^([^]*)${end}(\\d+)\n`).exec(output) ?? [];
        if (code === '0') resolve(said!);
        else if (code !== undefined) reject(new Error(`${command}\nends with ${code}:\n${said}`));
      };
      // The command has no terminal, and must not read the ones that come after it.
      const input = answers.length === 0 ? '< /dev/null' : `<<'END OF ANSWERS'\n${answers.join('\n')}\nEND OF ANSWERS`;
      bash.stdin.write(`{ ${command}\n} ${input}\nprintf '${end}%s\\n' $?\n`);
    }),
    end: () => bash.stdin.end(),
  };
}
