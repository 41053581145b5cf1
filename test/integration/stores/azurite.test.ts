import { openStore } from '../../../src/runner/stores/open';
import { describeStore } from '../../runner/stores/conformance';
import { azureStore, Azurite, startAzurite } from '../servers/azurite';

let server: Azurite;
let count = 0;

beforeAll(async () => {
  server = await startAzurite();
});
afterAll(() => server?.stop());

describeStore('AzureStore on Azurite', async () => {
  const container = `container-${count++}`;
  await server.makeContainer(container);
  const { config, env } = azureStore(server, container);
  return openStore(config, env);
});
