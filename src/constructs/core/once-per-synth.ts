/*
 * cdk8s validates the whole app once for the app and once more for each chart, and each construct is asked each time. What a validation has to know
 * of the whole app is therefore computed once for all of them.
 */
import { Chart } from 'cdk8s';
import { IConstruct } from 'constructs';

/** The validations of one synth. */
interface Synth {
  readonly constructs: readonly IConstruct[];
  /** How many times the app is validated yet in it. */
  left: number;
}

const current = new WeakMap<IConstruct, Synth>();

/**
 * A value for each app that validations ask for, and nobody else.
 *
 * It is computed anew where the app may have changed: with more or fewer constructs, after as many validations as one synth has, and after a
 * pause, however short. So an app of one chart is looked at each time.
 */
export function oncePerSynth<T>(compute: (root: IConstruct) => T): (scope: IConstruct) => T {
  const known = new WeakMap<Synth, { readonly value: T }>();
  return ({ node: { root } }) => {
    const synth = synthOf(root);
    const value = known.get(synth) ?? { value: compute(root) };
    known.set(synth, value);
    return value.value;
  };
}

/** All that is in the app, in the order of the tree. Only validations may ask. */
export function constructsOf({ node: { root } }: IConstruct): readonly IConstruct[] {
  return synthOf(root).constructs;
}

function synthOf(root: IConstruct): Synth {
  const known = current.get(root);
  if (known) return known;
  // The root is validated first.
  root.node.addValidation({
    validate: () => {
      next(root);
      return [];
    },
  });
  return begin(root);
}

function next(root: IConstruct): void {
  const synth = current.get(root)!;
  if (--synth.left <= 0 || synth.constructs.length !== root.node.findAll().length) begin(root);
}

function begin(root: IConstruct): Synth {
  const constructs = root.node.findAll();
  const charts = constructs.filter(Chart.isChart).length;
  const synth: Synth = { constructs, left: charts > 1 ? charts + 1 : 1 };
  current.set(root, synth);
  queueMicrotask(() => {
    synth.left = 0;
  });
  return synth;
}
