import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..', '..');

/** On a machine with nothing that builds images. That it builds with what is there is shown by test/image. */
function imageBuild(...args: string[]) {
  const program = [path.join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs'), 'src/runner/build/build-image.ts'];
  const { status, stderr } = spawnSync(process.execPath, [...program, ...args], { cwd: ROOT, env: { PATH: '/nonexistent' }, encoding: 'utf8' });
  return { status, stderr };
}

test('says what was looked for where nothing builds images', () => {
  const { status, stderr } = imageBuild();
  expect(status).toBe(1);
  expect(stderr).toMatch(/nothing to build the image with:\n {2}docker: not installed\n {2}podman: not installed\n {2}buildah: not installed\n/);
});

test('looks for the builder that was asked for, and for no other', () => {
  expect(imageBuild('--builder', 'podman').stderr).toMatch(/with:\n {2}podman: not installed\ninstall/);
  expect(imageBuild('--builder', 'kaniko')).toEqual({ status: 1, stderr: expect.stringContaining('--builder must be one of docker, podman, buildah, got "kaniko"') });
  expect(imageBuild('--builder')).toEqual({ status: 1, stderr: expect.stringContaining('--builder must be one of') });
});
