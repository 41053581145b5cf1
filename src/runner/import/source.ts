import { pipeline } from 'node:stream';
import { ForeignFile } from '../engine-api/foreign';
import { Dump, Inspection, Source } from '../engine-api/source';
import { Store } from '../store-api/store';
import { expectDigest } from '../stream/expect-digest';

/** A file that was read to its end, and found to be good. */
export interface FoundFile {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly extension: string;
  /** Name of the file with the checksum that it has; `null`: there is none. */
  readonly checksumFile: string | null;
  readonly head: ForeignFile;
}

/** A backup that another program has taken, as if it were dumped now: it is copied as it is, and has to be the bytes that were looked at. */
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
    const { key, bytes, extension, head } = this.file;
    return {
      role: 'data',
      part: null,
      extension,
      database: head.database,
      compressedInside: head.compression,
      expectedBytes: bytes,
      open: async signal => ({
        stream: pipeline(await this.from.get(key, signal), expectDigest(this.file, this.description, () => {}), () => {}),
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
