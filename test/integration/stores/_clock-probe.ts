/* Uses a store under whatever clock the process has, and prints what came of it: run by the test of wrong clocks. */
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { S3StoreConfig } from '../../../src/contract/config';
import { S3Store } from '../../../src/runner/stores/s3/store';
import { all, failureOf, randomBody } from '../../runner/stores/_bodies';

async function main(): Promise<void> {
  const { config, env } = JSON.parse(process.argv[2]!) as { config: S3StoreConfig; env: NodeJS.ProcessEnv };
  const never = new AbortController().signal;
  const warnings: string[] = [];
  const store = new S3Store(config, env, message => void warnings.push(message));
  const now = Date.now();

  await store.check(never);
  const missing = await failureOf(store.get('app_0.json', never));
  const unknown = await failureOf(store.get('app_unknown.json', never));
  const wrongSecret = await failureOf(new S3Store(config, { ...env, SECRET_ACCESS_KEY: 'wrong' }).check(never));
  const bytes = await store.put('app_1.dump', randomBody(40 * 1024 ** 2).stream, 40 * 1024 ** 2, never);
  await store.put('app_1.sha256', Readable.from(['x']), null, never);
  const created = await store.create('app_1.json', '{}', never);
  const createdAgain = await store.create('app_1.json', '{}', never);
  const objects = await all(store.list('', never));
  console.log(JSON.stringify({
    now,
    warnings,
    missing: missing.message,
    unknown: unknown.message,
    wrongSecret: wrongSecret.message,
    bytes,
    created,
    createdAgain,
    record: await text(await store.get('app_1.json', never)),
    keys: objects.map(({ key }) => key),
    modifiedAt: objects[0]?.modifiedAt.getTime(),
  }));
}

void main();
