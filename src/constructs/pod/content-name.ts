import { createHash } from 'node:crypto';
import { ApiObject, JsonPatch } from 'cdk8s';

/**
 * Puts a hash of a Job's spec behind its name, and returns that. A Job can't be changed once it is there: with the name of another one, applying
 * it fails. So another spec is another Job, which runs, and the same spec is the same one, which has run.
 *
 * All of the spec, the image too: whatever were left out could change, and then nothing of the app could be applied any more.
 */
export function nameByContent(job: ApiObject, name: string): string {
  const hash = createHash('sha256').update(JSON.stringify(job.toJson().spec)).digest('hex').slice(0, 8);
  job.addJsonPatch(JsonPatch.replace('/metadata/name', `${name}-${hash}`));
  return `${name}-${hash}`;
}
