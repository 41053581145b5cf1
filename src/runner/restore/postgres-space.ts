/*
 * Room on the disk of the server that is restored into, of which SQL can't ask how much there is.
 */
import { DatabaseState } from './postgres-server';
import { formatBytes } from '../reporter';

/** What the plan says of it. In place, too, what is dropped takes room until the end of the transaction. */
export function spaceNote(live: Pick<DatabaseState, 'bytes'> | undefined): string {
  const copy = live?.bytes == null ? 'a second copy' : `a second copy, about ${formatBytes(live.bytes)},`;
  return `the server's disk has to have room for ${copy} and for write-ahead log; SQL can't ask how much is free. Where data and write-ahead log share one disk, `
    + 'as they do by default, a disk that gets full stops the whole server, the live database included, and it does not start again before there is room: '
    + 'look at the disk before you go on, or restore into another server';
}
