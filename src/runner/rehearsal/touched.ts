/*
 * What a block of the runbook reaches, read from its commands as the constructs write them.
 */

/** A CronJob of the cluster, from which a Job is made. */
export interface CronJobName {
  /** `undefined`: the namespace that kubectl is set to. */
  readonly namespace: string | undefined;
  readonly name: string;
}

/** A Job that `restore-manifest` makes of a manifest beside the page. */
export interface MadeJob {
  readonly manifest: string;
  readonly job: string;
  readonly settings: readonly string[];
}

export interface Touched {
  /** Those that kubectl is told; `undefined` among them: the one that it is set to. */
  readonly namespaces: readonly (string | undefined)[];
  readonly cronJobs: readonly CronJobName[];
  readonly made: readonly MadeJob[];
  /** Files and folders that are applied. */
  readonly applied: readonly { readonly path: string; readonly recursive: boolean }[];
  /** Files with keys, which a person has to write. */
  readonly files: readonly string[];
  /** Variables that a person is asked for. */
  readonly asks: readonly string[];
  /** Whether what is asked for is a secret, which has no place on a command line. */
  readonly asksSecret: boolean;
  /** Whether it goes on until it is stopped. */
  readonly goesOn: boolean;
  /** Why nobody can tell from the commands what they reach; `null` where that is known. */
  readonly unknown: string | null;
}

/** As `kubectl -n shop`: what the constructs write stands in front of everything else. */
const KUBECTL = /(?<![\w./-])kubectl(?: -n (\S+))? +([^|;&)\n]+)/g;
const PROGRAM = /(?<![\w./-])npx cdk8s-backup +([^|;&)\n]+)/g;
/** Would lead somewhere else than to the namespace in front. */
const ELSEWHERE = /(?:^|\s)(?:-A|-n|--(?:namespace|all-namespaces|context|kubeconfig|cluster|server|user))\b/;

export function touchedBy(code: string): Touched {
  const text = code.replaceAll(/\\\n\s*/g, ' ');
  const calls = [...text.matchAll(KUBECTL)].map(([, namespace, args]) => ({ namespace, args: args!.trim() }));
  const programs = [...text.matchAll(PROGRAM)].map(([, args]) => args!.trim());
  const applied = calls.map(({ args }) => /^apply (-R )?-f (?!-(?:\s|$))(\S+)/.exec(args)).filter(match => match !== null);
  return {
    namespaces: [...new Set(calls.filter(call => call.namespace !== undefined || !isOfNoNamespace(call.args)).map(({ namespace }) => namespace))],
    cronJobs: calls.flatMap(({ namespace, args }) => [...args.matchAll(/--from=cronjob\/(\S+)/g)].map(([, name]) => ({ namespace, name: name! }))),
    made: programs.filter(args => args.startsWith('restore-manifest ')).map(args => ({
      manifest: /--manifest (\S+)/.exec(args)?.[1] ?? '',
      job: /--job (\S+)/.exec(args)?.[1] ?? '',
      settings: [...args.matchAll(/--set (?:'([^']*)'|(\S+))/g)].map(([, quoted, word]) => quoted ?? word!),
    })),
    applied: applied.map(([, recursive, path]) => ({ path: path!, recursive: recursive !== undefined })),
    files: [...text.matchAll(/--from-(?:env-file=|file=[^=\s]+=)(\S+)/g)].map(([, file]) => file!),
    asks: [...text.matchAll(/\bread -rs? (\w+)/g)].map(([, variable]) => variable!),
    asksSecret: /\bread -rs /.test(text),
    goesOn: calls.some(({ args }) => /^(?:port-forward|proxy) /.test(args)),
    unknown: calls.some(({ args }) => ELSEWHERE.test(args)) ? 'it says in another way than runbooks do where kubectl goes'
      : programs.some(args => !args.startsWith('restore-manifest ')) ? 'it runs the program on this machine, where no namespace holds it'
        : null,
  };
}

/** Only reads, or goes to no server, or says in its file where it goes. */
function isOfNoNamespace(args: string): boolean {
  return /^(?:get nodes|patch --local|apply (?:-R )?-f (?!-(?:\s|$)))/.test(args);
}
