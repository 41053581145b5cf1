import { DecryptionConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { Identities } from '../age/keys';
import { Backup, readCatalog } from '../catalog/catalog';
import { latest } from '../catalog/choose-backup';
import { describeFault } from '../catalog/copy-state';
import { identitiesFor } from '../catalog/open-plain';
import { InspectionConfig } from '../config/load';
import { Context } from '../core/context';
import { messageOf, RunnerError } from '../core/errors';
import { DoctorFinding, fault, faultOf, ok, unchecked } from '../doctor/finding';
import { Store } from '../store-api/store';
import { openStore } from '../stores/open';
import { checkCopy } from '../verification/copy';
import { withRoom } from '../verification/with-room';

/** Whether the newest backup of each store can be read from here, to its last byte, and opened. */
export async function proveNewest(context: Context<InspectionConfig>, decryption: DecryptionConfig | null): Promise<DoctorFinding[]> {
  const looks = await Promise.all(context.config.stores.map(({ name }) => newestIn(name, context)));
  const found = looks.flatMap(look => 'backup' in look ? [look] : []);
  const unread = looks.flatMap(look => 'why' in look ? [look] : []);
  const newest = found.map(({ backup }) => backup).sort((a, b) => a.record.id < b.record.id ? 1 : -1)[0];
  const keys = newest === undefined ? { identities: null, findings: [] } : await identitiesOf(newest, decryption);
  const copies: DoctorFinding[] = [];
  for (const look of found) copies.push(await readIn(look, context, keys.identities));
  return [
    ...copies,
    // One store is enough to begin with. That of the cluster can't be seen from outside, and is lost with it.
    ...unread.map(({ name, why }) => found.length > 0
      ? unchecked(`store ${name}`, `can't be read from here (${messageOf(why)})`, 'that is as it should be if it is inside of the cluster, and lost with it; otherwise mend it')
      : faultOf(`store ${name}`, why)),
    ...keys.findings,
  ];
}

interface Found {
  readonly name: string;
  readonly store: Store;
  readonly backup: Backup;
}

interface NotFound {
  readonly name: string;
  readonly why: RunnerError;
}

async function newestIn(name: string, { config, env, signal }: Context<InspectionConfig>): Promise<Found | NotFound> {
  try {
    const store = openStore(config.stores.find(each => each.name === name)!, env);
    const backup = latest(await readCatalog(config.name, [store], signal));
    return backup === undefined
      ? { name, why: new RunnerError(`${store.location} has no backup of ${config.name} that can be used: look at its prefix, and at "cdk8s-backup list"`, ExitCode.NOT_FOUND) }
      : { name, store, backup };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RunnerError) return { name, why: error };
    throw error;
  }
}

async function readIn(
  { store, backup: { record, copies } }: Found, context: Context<InspectionConfig>, identities: Identities | null,
): Promise<DoctorFinding> {
  const subject = `store ${store.name}`;
  const listed = describeFault(copies.get(store.name)!);
  if (listed !== null) return fault(subject, `${record.id}: ${listed}`, 'see "cdk8s-backup verify --repair"', ExitCode.CORRUPT);
  const found = await checkCopy(record, store, { ...context, config: withRoom(context.config), identities });
  if (found.fault) return faultOf(subject, found.fault);
  return ok(subject, `${record.id} was read from ${store.location} to its last byte${found.digestOnly === null ? '' : `, for its digest alone: ${found.digestOnly}`}`);
}

interface Keys {
  readonly identities: Identities | null;
  readonly findings: readonly DoctorFinding[];
}

/** What opens a backup, and whose identity was not tried. */
async function identitiesOf({ record: { id, artifacts } }: Backup, decryption: DecryptionConfig | null): Promise<Keys> {
  const recipients = [...new Set(artifacts.flatMap(artifact => artifact.recipients ?? []))];
  if (recipients.length === 0) return { identities: null, findings: [] };
  try {
    const identities = (await identitiesFor(artifacts, decryption))!;
    const tried = recipients.filter(recipient => identities.recipients.includes(recipient));
    const others = recipients.filter(recipient => !identities.recipients.includes(recipient));
    return {
      identities,
      findings: [
        ...tried.map(recipient => ok(`identity of ${recipient}`, `is in ${identities.file}, and ${id} is sealed for it`)),
        ...others.map(recipient => unchecked(`identity of ${recipient}`, `is not in ${identities.file}`, 'run this once more with --identity FILE of whoever has it')),
      ],
    };
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    return { identities: null, findings: [faultOf('identity', error)] };
  }
}
