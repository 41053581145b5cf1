import { version } from '../../package.json';

/** Version of the library that this runner was built from. */
export const VERSION = version;
