/** Whose format a snapshot has, and which version of it. */
export interface RdbFormat {
  readonly family: 'redis' | 'valkey';
  readonly version: number;
}

/** What a snapshot begins with, in both families. */
export const FORMAT_BYTES = 9;
/** Up to this one the formats of both are the same; later ones of Redis are foreign to Valkey. */
const LAST_COMMON_VERSION = 11;
/** Valkey counts its own from here. */
const FIRST_OF_VALKEY = 80;

/** The format that the first bytes of a snapshot tell; `undefined` if they are of none. */
export function formatIn(header: Buffer): RdbFormat | undefined {
  const match = /^(?:REDIS(\d{4})|VALKEY(\d{3}))$/.exec(header.toString('latin1', 0, FORMAT_BYTES));
  if (!match) return undefined;
  return match[1] === undefined ? { family: 'valkey', version: Number(match[2]) } : { family: 'redis', version: Number(match[1]) };
}

/** Whose format a version is, as payloads of single values tell it: no version is in use by both. */
export function formatOfVersion(version: number): RdbFormat {
  return { family: version < FIRST_OF_VALKEY ? 'redis' : 'valkey', version };
}

/** The first bytes of a snapshot of this version. */
export function headerOf(version: number): string {
  return formatOfVersion(version).family === 'redis' ? `REDIS${String(version).padStart(4, '0')}` : `VALKEY${String(version).padStart(3, '0')}`;
}

/** Whether a server of this family knows such formats at all, as far as it is new enough. */
export function isForeign({ family, version }: RdbFormat, to: RdbFormat['family']): boolean {
  return family === 'valkey' ? to === 'redis' : to === 'valkey' && version > LAST_COMMON_VERSION;
}

/** As messages name it. */
export function nameOfFormat({ family, version }: RdbFormat): string {
  return family === 'valkey' ? `${version} of Valkey` : String(version);
}
