import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inNodeNetwork, place, startKubectl } from './_cluster';
import { inNetwork, untilListening } from './_node';
import { program } from './_paths';
import { Whispercache } from './_whispercache';
import { below, isShell, Section, sectionsOf } from '../../src/runner/rehearsal/page';
import { startShell } from '../getting-started/_shell';
import { ROOT } from '../image/_lab';
import { tempDir } from '../integration/servers/_process';
import { clientPath } from '../integration/servers/postgres';

/** What a reader of the runbook answers, by the variable that a command asks for. */
export interface Answers {
  readonly [variable: string]: () => string | Promise<string>;
}

export interface Played {
  /** The command, as it stands in the runbook. */
  readonly code: string;
  /** What it has printed. */
  readonly said: string;
}

export interface PlayOptions {
  readonly answers?: Answers;
  /** Which commands; all of them if it does not say. */
  readonly only?: (code: string) => boolean;
  readonly before?: (code: string) => Promise<void>;
  readonly after?: (played: Played) => Promise<void>;
}

/** The runbook of an app, and who types its commands as they stand there. */
export class Runbook {
  public readonly text: string;
  private readonly sections: readonly Section[];
  private readonly played = new Set<string>();
  private readonly forwards: { stop(): void }[] = [];

  constructor(private readonly world: Whispercache) {
    this.text = readFileSync(path.join(world.dist, 'RUNBOOK.md'), 'utf8');
    this.sections = sectionsOf(this.text);
  }

  /** All commands, once each, but for those of Docker: test/integration/restore/compose.test.ts plays them. */
  public get commands(): readonly string[] {
    const compose = this.below('Restore under Compose');
    return [...new Set(commandsIn(this.sections.filter(section => !compose.includes(section))))];
  }

  public get notPlayed(): readonly string[] {
    return this.commands.filter(code => !this.played.has(code));
  }

  /** The commands below a heading, in their order. */
  public commandsOf(heading: string): readonly string[] {
    return commandsIn(this.below(heading));
  }

  /** Another folder with all that was synthesized: a machine with kubectl and our program, and none of the keys. */
  public laptop(): string {
    const home = tempDir('laptop');
    const folder = path.join(home, 'dist');
    mkdirSync(folder);
    cpSync(this.world.dist, folder, { recursive: true });
    return folder;
  }

  /** Types the commands below a heading, each of which has to succeed, and a Job that one starts to complete. */
  public async play(heading: string, options: PlayOptions = {}, { folder = this.laptop(), env = '' } = {}): Promise<readonly Played[]> {
    const { answers = {}, only = () => true, before, after } = options;
    const shell = startShell(folder, { PATH: clientPath(17), HOME: path.dirname(folder) }, inNetwork(place()));
    try {
      await shell.type(`
        kubectl() { ${program('kubectl')} --kubeconfig ${place().kubeconfig} "$@"; }
        npx() { [ "$1" = cdk8s-backup ] && ${process.execPath} ${path.join(ROOT, 'dist', 'runner', 'main.js')} "\${@:2}"; }
        set -o pipefail
        ${env}`);
      const all: Played[] = [];
      for (const code of this.commandsOf(heading).filter(only)) {
        await before?.(code);
        const played = { code, said: isForward(code) ? await this.forward(code) : await shell.type(code, ...await answersTo(code, answers)) };
        this.played.add(code);
        if (code.includes('Complete|Failed') && !/^Complete\n$/m.test(played.said)) throw new Error(`${heading}: the Job has failed\n${code}\n${played.said}`);
        all.push(played);
        await after?.(played);
      }
      return all;
    } finally {
      shell.end();
      this.stopForwards();
    }
  }

  /** Has the program play them, with `kubectl` and `npx` on the PATH as a user has them. */
  public async rehearse(...args: readonly string[]): Promise<string> {
    const folder = this.laptop();
    const bin = tempDir('bin');
    const put = (name: string, script: string) => writeFileSync(path.join(bin, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
    const main = path.join(ROOT, 'dist', 'runner', 'main.js');
    put('kubectl', `exec ${program('kubectl')} --kubeconfig ${place().kubeconfig} "$@"`);
    put('npx', `[ "$1" = cdk8s-backup ] && exec ${process.execPath} ${main} "\${@:2}"`);
    return inNodeNetwork([process.execPath, main, 'rehearse', path.join(folder, 'RUNBOOK.md'), ...args], { env: { PATH: `${bin}:${process.env.PATH}` } });
  }

  private below(heading: string): readonly Section[] {
    const found = below(this.sections, heading);
    if (found.length === 0) throw new Error(`the runbook has no heading ${heading}`);
    return found;
  }

  /** In a second terminal, as long as the section is played. */
  private async forward(code: string): Promise<string> {
    const [command, ...args] = code.trim().split(' ');
    if (command !== 'kubectl') throw new Error(`${code} is no kubectl`);
    this.forwards.push(startKubectl(...args));
    const [, port] = /(\d+)(?::\d+)?$/.exec(code.trim())!;
    await untilListening(place(), Number(port), 30_000);
    return '';
  }

  private stopForwards(): void {
    for (const forward of this.forwards.splice(0)) forward.stop();
  }
}

function commandsIn(sections: readonly Section[]): readonly string[] {
  return sections.flatMap(({ blocks }) => blocks).filter(isShell).map(({ code }) => code);
}

const isForward = (code: string) => / port-forward | proxy /.test(code);

async function answersTo(code: string, answers: Answers): Promise<readonly string[]> {
  const asked = [...code.matchAll(/read -rs? (\w+)/g)].map(([, variable]) => variable!);
  return Promise.all(asked.map(variable => {
    const answer = answers[variable];
    if (answer === undefined) throw new Error(`nobody answers what ${variable} is:\n${code}`);
    return answer();
  }));
}
