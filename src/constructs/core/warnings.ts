/*
 * What is legal but unwise. A warning is metadata of the construct, where tools and tests find it, and a line on stderr when the app is
 * synthesized: cdk8s itself prints nothing.
 */
import { Construct, IConstruct } from 'constructs';
import { afterSynth, isApp } from './after-synth';
import { spelled } from './spelling';

/** The type that the AWS CDK uses as well, so tools that read its construct trees know it. */
const WARNING = 'aws:cdk:warning';

const printed = new WeakMap<IConstruct, Set<string>>();

/** Attaches a warning, once, however often it is said. */
export function warn(scope: Construct, told: string): void {
  const message = spelled(told);
  if (!warningsOf(scope).includes(message)) scope.node.addMetadata(WARNING, message);
  if (isApp(scope.node.root)) afterSynth(scope, print);
}

/** The warnings of one construct. */
export function warningsOf(scope: IConstruct): string[] {
  return scope.node.metadata.filter(({ type }) => type === WARNING).map(({ data }) => data as string);
}

function print(app: IConstruct): void {
  const known = printed.get(app) ?? new Set<string>();
  printed.set(app, known);
  for (const construct of app.node.findAll()) {
    for (const message of warningsOf(construct)) {
      const line = `[warning] ${construct.node.path}: ${message}\n`;
      if (!known.has(line)) process.stderr.write(line);
      known.add(line);
    }
  }
}
