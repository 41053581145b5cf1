/*
 * Builds the packages of all languages into dist, as a release does.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { goBindings, javaBindings, pacmak, plus, PLUS_VERSIONS } from './_bindings';
import { ROOT } from '../pages';

/** Our own package is never in the repository that all clones share, or one would find what another has built. */
const NOT_SHARED = '-Dmaven.install.skip=true';

const cdk8sPlus = PLUS_VERSIONS.map(plus);
for (const folder of cdk8sPlus) javaBindings(folder);

const dist = join(ROOT, 'dist');
for (const language of ['js', 'python', 'java', 'go']) rmSync(join(dist, language), { recursive: true, force: true });
// Beside our own package, where pacmak looks for what a registry does not have.
for (const folder of [join(ROOT, 'node_modules', 'cdk8s'), ...cdk8sPlus]) cpSync(goBindings(folder), join(dist, 'go'), { recursive: true });
pacmak(ROOT, dist, ['js', 'python', 'java', 'go'], { mavenOptions: NOT_SHARED });
