/*
 * Builds the runner image from dist/runner, under the name that the constructs give it by default.
 *
 * Run: npx projen image:build [--builder docker|podman|buildah] [ARGUMENT OF THE BUILDER…]
 */
import { spawnSync } from 'node:child_process';
import { IMAGE_NAME } from '../../contract/runner-image';
import { VERSION } from '../core/version';

const CONTEXT = 'dist/runner';
const IMAGE = `${IMAGE_NAME}:${VERSION}`;

/** What builds images, in the order of preference, and the arguments that succeed only where it could. */
const BUILDERS: Readonly<Record<string, readonly string[]>> = {
  docker: ['version'], // fails without a daemon, as the client alone is of no use
  podman: ['info'],
  buildah: ['info'],
};

function main(args: string[]): number {
  const at = args.indexOf('--builder');
  const asked = at < 0 ? undefined : args.splice(at, 2)[1] ?? '';
  if (asked !== undefined && !Object.hasOwn(BUILDERS, asked)) {
    return fail(`--builder must be one of ${Object.keys(BUILDERS).join(', ')}, got ${JSON.stringify(asked)}`);
  }
  const problems = new Map<string, string>();
  const builder = (asked === undefined ? Object.keys(BUILDERS) : [asked]).find(name => {
    const problem = problemWith(name);
    if (problem !== undefined) problems.set(name, problem);
    return problem === undefined;
  });
  if (builder === undefined) {
    return fail([
      'there is nothing to build the image with:',
      ...[...problems].map(([name, problem]) => `  ${name}: ${problem}`),
      `install one of them, or build on another machine: ${CONTEXT} is all that it takes`,
    ].join('\n'));
  }
  console.error(`${builder} builds ${IMAGE}`);
  const { status, error } = spawnSync(builder, ['build', '--tag', IMAGE, ...args, CONTEXT], { stdio: 'inherit' });
  if (error !== undefined) return fail(`${builder} can't be started: ${error.message}`);
  if (status !== 0) return fail(`${builder} has not built ${IMAGE}: it says why above`);
  console.error(`${IMAGE} is built: tag it for your registry, push it, and name it in 'image' of the constructs`);
  return 0;
}

/** Why it can't build; `undefined` if it can. */
function problemWith(builder: string): string | undefined {
  const args = BUILDERS[builder]!;
  const { status, error, stderr } = spawnSync(builder, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (error !== undefined) return 'not installed';
  return status === 0 ? undefined : stderr.trim().split('\n').at(-1) || `"${builder} ${args.join(' ')}" fails`;
}

function fail(message: string): number {
  console.error(`image:build: ${message}`);
  return 1;
}

process.exitCode = main(process.argv.slice(2));
