import { pipeline } from 'node:stream';
import { unwrap, Wrapping } from './wrapping';
import { ForeignFile } from '../engine-api/foreign';
import { Dump, Inspection, Source } from '../engine-api/source';
import { Store } from '../store-api/store';
import { expectDigest } from '../stream/expect-digest';

/** A file that was read to its end, and found to be good. */
export interface FoundFile {
  readonly key: string;
  readonly wrapping: Wrapping;
  /** Of its content. */
  readonly bytes: number;
  /** Of its content. */
  readonly sha256: string;
  /** Of the file as it was found. */
  readonly originalSha256: string;
  readonly extension: string;
  /** Name of the file with the checksum that it has; `null`: there is none. */
  readonly checksumFile: string | null;
  readonly head: ForeignFile;
}

/** A backup that another program has taken, as if it were dumped now: its content is copied as it is, and has to be what was looked at. */
export class FileSource implements Source {
  public readonly description: string;

  constructor(private readonly file: FoundFile, private readonly engine: Inspection['source']['engine'], private readonly from: Store) {
    this.description = placeOf(file.key, from);
  }

  public inspect(): Promise<Inspection> {
    const { database, serverVersion, tools } = this.file.head;
    const source = { engine: this.engine, serverVersion, address: this.description, database };
    return Promise.resolve({ source, tools, dumps: [this.dump()] });
  }

  private dump(): Dump {
    const { key, wrapping, bytes, extension, head } = this.file;
    return {
      role: 'data',
      part: null,
      extension,
      database: head.database,
      compressedInside: head.compression,
      expectedBytes: bytes,
      open: async signal => ({
        stream: pipeline(unwrap(await this.from.get(key, signal), wrapping), expectDigest(this.file, this.description, () => {}), () => {}),
        counts: null,
        empty: head.empty,
        suspect: () => head.suspect,
      }),
    };
  }
}

/** For messages and records. */
export function placeOf(key: string, { location }: Store): string {
  return `${location}/${key}`;
}
