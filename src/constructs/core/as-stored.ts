/*
 * Objects are written as the API server stores them: without fields that it drops because they say nothing, with quantities in its own form,
 * and whole where it takes several fields for one value. Otherwise `kubectl apply` changes an object each time, which never says "unchanged",
 * and whoever else applies it server-side is told of a conflict about what both say.
 */
import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { canonicalQuantity } from './quantity';

/** What the API server leaves out when it stores an object, and cdk8s-plus writes. */
const DROPPED: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['hostNetwork', (value: unknown) => value === false],
  ['readOnly', (value: unknown) => value === false],
  ['minReadySeconds', (value: unknown) => value === 0],
  ['externalIPs', (value: unknown) => Array.isArray(value) && value.length === 0],
]);

/** Maps of quantities, by their names. */
const QUANTITIES = ['limits', 'requests'];

/** Has all objects of the construct written as they are stored, whatever is still changed about them. */
export function writeAsStored(construct: IConstruct): void {
  for (const object of construct.node.findAll().filter(ApiObject.isApiObject)) extend(object);
}

/** By the class that they extend. One for each object instead would be a shape of its own for each, which makes everything slow that reads objects. */
const storedClasses = new Map<Function, typeof ApiObject>();
const stored = new WeakSet<ApiObject>();

/** Between the object and its class stands another one, as with the app in `after-synth.ts`: an own method would be passed by from Python, Java or Go. */
function extend(object: ApiObject): void {
  if (stored.has(object)) return;
  stored.add(object);
  const known = storedClasses.get(object.constructor) ?? storedClassOf(object.constructor as typeof ApiObject);
  storedClasses.set(object.constructor, known);
  Object.setPrototypeOf(object, known.prototype);
}

function storedClassOf(objectClass: typeof ApiObject): typeof ApiObject {
  return class StoredObject extends objectClass {
    public toJson(): any {
      return asStored(super.toJson());
    }
  };
}

/** Whether all that decides how the object is written is known: it is of this library, and no class of an app's has a say in it. */
export function isWrittenAsStored(object: ApiObject): boolean {
  return stored.has(object);
}

/** A part of a manifest in the form in which the API server returns it. */
export function asStored(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asStored);
  return isMap(value) ? mapped(Object.entries(value).filter(([field, each]) => !DROPPED.get(field)?.(each)), fieldAsStored) : value;
}

function fieldAsStored(field: string, value: unknown): unknown {
  if (field === 'sizeLimit') return canonicalQuantity(value);
  if (!isMap(value)) return asStored(value);
  if (QUANTITIES.includes(field)) return mapped(Object.entries(value), (_resource, quantity) => canonicalQuantity(quantity));
  // One value, of which the API server fills in what is missing.
  return field === 'fieldRef' ? { apiVersion: 'v1', ...value } : asStored(value);
}

function isMap(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapped(entries: readonly [string, unknown][], map: (field: string, value: unknown) => unknown): { readonly [field: string]: unknown } {
  return Object.fromEntries(entries.map(([field, value]) => [field, map(field, value)]));
}
