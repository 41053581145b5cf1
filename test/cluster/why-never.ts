import { whyNever } from './_can-run';

/* For `install.sh`: prints why no cluster can run on this machine, whatever is built for it, and nothing where it can. */
process.stdout.write(whyNever() ?? '');
