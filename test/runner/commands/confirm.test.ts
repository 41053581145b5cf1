import { PassThrough } from 'node:stream';
import { confirm } from '../../../src/runner/commands/confirm';
import { capture } from '../_fixtures';

const signal = new AbortController().signal;
const no = { yes: false, inPod: false };

function terminal(answer: string) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  stdin.end(`${answer}\n`);
  return { stdin, stdout: capture(), signal };
}

test('asks on a terminal, and names what is replaced', async () => {
  const io = terminal('yes');
  await confirm('It replaces shop, 12 MB.', no, io);
  expect(io.stdout.text()).toContain('It replaces shop, 12 MB.\nType "yes" to go on: ');
});

test.each(['no', '', 'y', 'YES'])('"%s" is not enough', async answer => {
  await expect(confirm('x', no, terminal(answer))).rejects.toThrow('not confirmed');
});

test('asks in a container with a terminal too: its config comes from the environment, but somebody is there', async () => {
  await expect(confirm('x', { yes: false, inPod: true }, terminal('no'))).rejects.toThrow('not confirmed');
});

test('does not ask where it was said, or where a pod was started for it', async () => {
  const io = { stdin: new PassThrough(), stdout: capture(), signal };
  await confirm('x', { yes: true, inPod: false }, io);
  await confirm('x', { yes: false, inPod: true }, io);
  expect(io.stdout.text()).toBe('');
  await expect(confirm('It replaces shop.', no, io)).rejects.toThrow('It replaces shop. Nobody is here to confirm that: add --yes');
});
