/*
 * Sends requests to an S3 server, one after the other, and prints what it answers to each, as JSON: { answer } or { error }. One process for many of them, in
 * the network of the node, which the tests are not in.
 *
 * Run: node s3-requests.ts ENDPOINT, with the keys in the environment, and [[COMMAND, INPUT], …] as JSON on stdin. Node.js itself loads this file, and strips
 * the types.
 */
import { text } from 'node:stream/consumers';
import * as s3 from '@aws-sdk/client-s3';

async function main(): Promise<void> {
  const client = new s3.S3Client({ endpoint: process.argv[2]!, region: process.env.AWS_DEFAULT_REGION!, forcePathStyle: true });
  const answers: unknown[] = [];
  for (const [command, input] of JSON.parse(await text(process.stdin)) as [string, object][]) {
    const Command = (s3 as any)[`${command}Command`];
    answers.push(await client.send(new Command(input)).then(answer => ({ answer }), (error: Error) => ({ error: `${error.name}: ${error.message}` })));
  }
  process.stdout.write(JSON.stringify(answers));
}

void main();
