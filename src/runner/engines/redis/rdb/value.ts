import { RdbCursor, RdbError, Steps } from './cursor';
import { RdbFormat } from './format';

/** A value that only a module can read: where it ends is known, what it means is not. */
export class ModuleValueError extends Error {
  constructor(public readonly module: string) {
    super(`a value of the module ${module}`);
  }
}

/** Reads to the end of a value whose type was read before. */
export type Skip = (cursor: RdbCursor) => Steps<void>;

const DOUBLE_BYTES = 8;
const TIME_BYTES = 8;
const STREAM_ID_BYTES = 16;
/** Lengths of old scores that are no lengths: not a number, and both infinities. */
const WORDLESS_SCORE = 253;

const string: Skip = cursor => cursor.skipString();
const strings = many(function* (cursor) {
  if (!cursor.skipStringNow()) yield* cursor.skipString();
});
const pairs = many(function* (cursor) {
  if (!cursor.skipStringNow()) yield* cursor.skipString();
  if (!cursor.skipStringNow()) yield* cursor.skipString();
});

interface Type {
  readonly name: string;
  readonly skip: Skip;
}

export const STRING_TYPE = 0;
/** A value of a module, which says where it ends. It begins with the name of the module. */
export const MODULE_TYPE = 7;

/** All types of values up to version 12 of the format, by number, and how to find where they end. */
const TYPES: { readonly [type: number]: Type } = {
  [STRING_TYPE]: { name: 'string', skip: string },
  1: { name: 'list', skip: strings },
  2: { name: 'set', skip: strings },
  3: { name: 'sorted set', skip: many(skipOldScored) },
  4: { name: 'hash', skip: pairs },
  5: { name: 'sorted set', skip: many(skipScored) },
  6: { name: 'module', skip: refuseModule },
  [MODULE_TYPE]: { name: 'module', skip: afterModuleName(skipModuleData) },
  9: { name: 'hash', skip: string },
  10: { name: 'list', skip: string },
  11: { name: 'set', skip: string },
  12: { name: 'sorted set', skip: string },
  13: { name: 'hash', skip: string },
  14: { name: 'list', skip: strings },
  15: { name: 'stream', skip: cursor => skipStream(cursor, 1) },
  16: { name: 'hash', skip: string },
  17: { name: 'sorted set', skip: string },
  18: { name: 'list', skip: many(skipQuicklistNode) },
  19: { name: 'stream', skip: cursor => skipStream(cursor, 2) },
  20: { name: 'set', skip: string },
  21: { name: 'stream', skip: cursor => skipStream(cursor, 3) },
  22: { name: 'hash', skip: many(skipExpiringField) },
  23: { name: 'hash', skip: string },
  24: { name: 'hash', skip: afterTime(many(skipExpiringField)) },
  25: { name: 'hash', skip: afterTime(string) },
};

/** Where version 80 of the format, which is Valkey's, differs from version 11. */
const TYPES_OF_VALKEY: { readonly [type: number]: Type | undefined } = {
  22: { name: 'hash', skip: many(skipExpiringFieldOfValkey) },
  23: undefined,
  24: undefined,
  25: undefined,
};

/** How to find where a value of this type ends; `undefined` if the format has no such type. */
export function skipperOf(type: number, family: RdbFormat['family']): Skip | undefined {
  return (family === 'valkey' && type in TYPES_OF_VALKEY ? TYPES_OF_VALKEY : TYPES)[type]?.skip;
}

/** What Redis calls a value of this type. */
export function nameOfType(type: number): string {
  return TYPES[type]?.name ?? `value of type ${type}`;
}

/** Reads over what a module has written for itself. */
export function* skipModuleData(cursor: RdbCursor): Steps<void> {
  for (;;) {
    const kind = yield* cursor.length();
    switch (kind) {
      case 0: return;
      case 1: case 2: yield* cursor.number(); break;
      case 3: yield* cursor.skip(4); break;
      case 4: yield* cursor.skip(DOUBLE_BYTES); break;
      case 5: yield* cursor.skipString(); break;
      default: throw new RdbError(`${kind} in the data of a module`);
    }
  }
}

/** Nine characters of six bits each; the last ten bits are a version. */
export function nameOfModule(id: bigint): string {
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return Array.from({ length: 9 }, (_, i) => characters[Number(id >> BigInt(10 + 6 * (8 - i)) & 63n)]).join(''); // eslint-disable-line no-bitwise
}

function many(skipOne: Skip): Skip {
  return function* (cursor) {
    for (let left = yield* cursor.length(); left > 0; left--) yield* skipOne(cursor);
  };
}

function afterTime(skip: Skip): Skip {
  return function* (cursor) {
    yield* cursor.skip(TIME_BYTES);
    yield* skip(cursor);
  };
}

function afterModuleName(skip: Skip): Skip {
  return function* (cursor) {
    yield* cursor.number();
    yield* skip(cursor);
  };
}

function* skipOldScored(cursor: RdbCursor): Steps<void> {
  yield* cursor.skipString();
  const length = yield* cursor.byte();
  if (length < WORDLESS_SCORE) yield* cursor.skip(length);
}

function* skipScored(cursor: RdbCursor): Steps<void> {
  yield* cursor.skipString();
  yield* cursor.skip(DOUBLE_BYTES);
}

function* skipQuicklistNode(cursor: RdbCursor): Steps<void> {
  yield* cursor.length();
  yield* cursor.skipString();
}

function* skipExpiringField(cursor: RdbCursor): Steps<void> {
  yield* cursor.number();
  yield* cursor.skipString();
  yield* cursor.skipString();
}

/** The module alone knew where such a value ends. */
function* refuseModule(cursor: RdbCursor): Steps<void> {
  throw new ModuleValueError(nameOfModule(yield* cursor.number()));
}

function* skipExpiringFieldOfValkey(cursor: RdbCursor): Steps<void> {
  yield* cursor.skipString();
  yield* cursor.skipString();
  yield* cursor.skip(TIME_BYTES);
}

function* skipStream(cursor: RdbCursor, version: 1 | 2 | 3): Steps<void> {
  yield* pairs(cursor);
  // Its length and last id; then the first id, the largest one deleted, and how many were ever added.
  yield* skipNumbers(cursor, version >= 2 ? 8 : 3);
  for (let groups = yield* cursor.length(); groups > 0; groups--) {
    yield* cursor.skipString();
    yield* skipNumbers(cursor, version >= 2 ? 3 : 2);
    for (let pending = yield* cursor.length(); pending > 0; pending--) {
      yield* cursor.skip(STREAM_ID_BYTES + TIME_BYTES);
      yield* cursor.number();
    }
    for (let consumers = yield* cursor.length(); consumers > 0; consumers--) {
      yield* cursor.skipString();
      yield* cursor.skip(version >= 3 ? 2 * TIME_BYTES : TIME_BYTES);
      const pending = yield* cursor.length();
      yield* cursor.skip(pending * STREAM_ID_BYTES);
    }
  }
}

function* skipNumbers(cursor: RdbCursor, count: number): Steps<void> {
  for (let left = count; left > 0; left--) yield* cursor.number();
}
