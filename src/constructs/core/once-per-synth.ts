import { IConstruct } from 'constructs';

/**
 * What validations know of the whole app, computed once for all of them: not once for each construct.
 *
 * The root is validated first, and then the result of the last time is dropped: the app may have changed. Only validations may ask.
 */
export function oncePerValidation<T>(compute: (root: IConstruct) => T): (scope: IConstruct) => T {
  const known = new WeakMap<IConstruct, { readonly value: T } | undefined>();
  return scope => {
    const { root } = scope.node;
    if (!known.has(root)) {
      root.node.addValidation({
        validate: () => {
          known.set(root, undefined);
          return [];
        },
      });
    }
    const value = known.get(root) ?? { value: compute(root) };
    known.set(root, value);
    return value.value;
  };
}
