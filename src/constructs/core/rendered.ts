import { ApiObject, ImplicitTokenResolver, LazyResolver, NumberStringUnionResolver } from 'cdk8s';
import { isApp } from './after-synth';
import { isWrittenAsStored } from './as-stored';
import { oncePerSynth } from './once-per-synth';

const known = oncePerSynth(() => new Map<ApiObject, any>());

/**
 * The object as it will stand in the manifest, with what patches have changed. Only validations may ask.
 *
 * @returns undefined where it can't be rendered: what is wrong with it is said when it is written
 */
export function rendered(object: ApiObject): any {
  const objects = known(object);
  if (!objects.has(object)) objects.set(object, render(object));
  return objects.get(object);
}

/** What the object is called in the manifest. Only validations may ask. */
export function namesOf(object: ApiObject): { readonly name?: string; readonly namespace?: string } {
  return (isCalledAsMade(object) ? object : rendered(object) ?? object).metadata;
}

/**
 * Whether nothing can give the object another name when it is rendered. Most are so, and to render each once more for its name takes as long as to write it.
 *
 * cdk8s has no public list of patches: where there is none, all is rendered.
 */
function isCalledAsMade(object: ApiObject): boolean {
  const { patches } = object as unknown as { readonly patches?: readonly Patch[] };
  return isWrittenAsStored(object) && Array.isArray(patches) && patches.every(isInSpec)
    && [object.metadata.name, object.metadata.namespace ?? ''].every(name => typeof name === 'string') && hasOwnResolversOnly(object);
}

interface Patch {
  _toJson(): { readonly path: string; readonly from?: string };
}

function isInSpec(patch: Patch): boolean {
  const { path, from = path } = patch._toJson();
  return [path, from].every(pointer => pointer.startsWith('/spec/'));
}

/** Resolvers of the app may replace any value. Those of cdk8s leave text as it is. */
function hasOwnResolversOnly({ node: { root } }: ApiObject): boolean {
  return isApp(root) && root.resolvers.every(resolver => OWN_RESOLVERS.some(own => resolver.constructor === own));
}

const OWN_RESOLVERS: readonly Function[] = [LazyResolver, ImplicitTokenResolver, NumberStringUnionResolver];

function render(object: ApiObject): any {
  try {
    return object.toJson();
  } catch {
    return undefined;
  }
}
