#!/usr/local/bin/node
/*
 * /bin/sh of the small image, and no shell: pg_dumpall asks the pg_dump beside it for its version through one, whatever it is to dump. This
 * answers that question and refuses everything else.
 */
'use strict';
const { spawnSync } = require('node:child_process');

const command = process.argv.slice(2).filter(argument => argument !== '-c' && argument !== '--').join(' ');
const [, program] = /^"(\/usr\/lib\/postgresql\/\d+\/bin\/pg_dump)" -V$/.exec(command) ?? [];
if (program === undefined) {
  console.error('there is no shell in this image: build the target "debian" of its Dockerfile for one');
  process.exit(127);
}
process.exit(spawnSync(program, ['-V'], { stdio: 'inherit' }).status ?? 126);
