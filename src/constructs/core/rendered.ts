import { ApiObject } from 'cdk8s';
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

function render(object: ApiObject): any {
  try {
    return object.toJson();
  } catch {
    return undefined;
  }
}
