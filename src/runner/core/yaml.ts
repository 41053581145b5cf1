import type * as Yaml from 'yaml';

/* Takes long to load, so it is where it is used first. `import()` in the tests is that of Node.js, which knows no TypeScript. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
export const yaml = (): typeof Yaml => require('yaml') as typeof Yaml;
