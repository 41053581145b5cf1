import { CompressionConfig } from '../../../contract/config';
import { Dump, Inspection, Source } from '../../engine-api/source';

/**
 * Several sources in one backup. All of them are looked at before the first is dumped, and one record is written for all: so a set is
 * complete, or it is not there. Its members are dumped one after the other, each as of its own moment.
 */
export class SetSource implements Source {
  public readonly description: string;

  /** @param members by name, in the order in which they are dumped */
  constructor(private readonly members: readonly (readonly [name: string, source: Source])[]) {
    this.description = members.map(([name, { description }]) => `${name} (${description})`).join(', ');
  }

  public async inspect(compression: CompressionConfig, signal: AbortSignal): Promise<Inspection> {
    const inspected = await Promise.all(this.members.map(async ([name, source]) => ({ name, ...await source.inspect(compression, signal) })));
    return {
      source: { engine: 'set', serverVersion: '', address: inspected.map(({ source: { address } }) => address).join(', '), database: null },
      members: Object.fromEntries(inspected.map(({ name, source }) => [name, source])),
      tools: toolsOfAll(inspected),
      warnings: inspected.flatMap(({ name, warnings = [] }) => warnings.map(warning => `${name}: ${warning}`)),
      dumps: inspected.flatMap(({ name, dumps }) => dumps.map(dump => ofMember(name, dump))),
    };
  }
}

/** Each program once, with all versions of it that take part. */
function toolsOfAll(inspected: readonly Inspection[]): Inspection['tools'] {
  const versions: { [program: string]: readonly string[] } = {};
  for (const [program, version] of inspected.flatMap(({ tools }) => Object.entries(tools))) versions[program] = [...versions[program] ?? [], version];
  return Object.fromEntries(Object.entries(versions).map(([program, all]) => [program, [...new Set(all)].join(', ')]));
}

function ofMember(member: string, dump: Dump): Dump {
  return { ...dump, member, part: dump.part === null ? member : `${member}-${dump.part}`, open: signal => dump.open(signal) };
}
