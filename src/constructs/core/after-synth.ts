/*
 * What happens at the end of `app.synth()`.
 *
 * cdk8s has no hook there. A validation runs in `synth()` too, but also in `Testing.synth()`, in `synthYaml()` and once more for each
 * chart, and before it is known whether the app is valid: it would write into `dist` while the user's unit tests run, and leave files
 * of an app that failed. So the app's own `synth()` is extended: first all that it does, then ours.
 *
 * The extension is a subclass put between this one app and its class. An own property would do in TypeScript, but the jsii kernel
 * calls `instance.constructor.prototype.synth`, and `app.synth()` in Python, Java or Go would pass it by. No other app, no class and
 * nothing that is imported is changed.
 */
import { App } from 'cdk8s';
import { IConstruct } from 'constructs';

type Action = (app: App) => void;

const actions = new WeakMap<App, Set<Action>>();

/** Has `action` done once at the end of each `synth()` of the construct's app, however often it is asked for. */
export function afterSynth(scope: IConstruct, action: Action): void {
  const app = appOf(scope);
  const known = actions.get(app);
  if (known) known.add(action); else extend(app, new Set([action]));
}

/** The app of a construct. Not by `instanceof`: the user's cdk8s may be another copy than ours. */
export function appOf(scope: IConstruct): App {
  const root = scope.node.root as IConstruct & Partial<App>;
  if (!isApp(root)) throw new Error(`${scope.node.path} must be inside a cdk8s App, which writes its file: the root of its tree is ${root.constructor.name}`);
  return root;
}

export function isApp(root: IConstruct & Partial<App>): root is App {
  return typeof root.synth === 'function' && typeof root.outdir === 'string';
}

function extend(app: App, todo: Set<Action>): void {
  actions.set(app, todo);
  class ExtendedApp extends (app.constructor as typeof App) {
    public synth(): void {
      super.synth();
      for (const action of todo) action(this);
    }
  }
  Object.setPrototypeOf(app, ExtendedApp.prototype);
}
