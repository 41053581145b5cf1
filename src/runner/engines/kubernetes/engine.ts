import { parseObjects } from './portable-objects';
import { KubernetesRestorer } from './restorer';
import { KubernetesSource } from './source';
import { Engine } from '../../engine-api/engine';
import { openKubernetes } from '../../kubernetes/api';
import { readText } from '../../stream/read-text';

export const kubernetes: Engine<'kubernetes'> = {
  title: 'Kubernetes Secrets',
  intoNewFile: null,
  foreign: null,
  openSource: (config, { env }) => new KubernetesSource(config, openKubernetes(env)),
  openRestorer: (target, context) => new KubernetesRestorer(target, context, openKubernetes(context.env)),
  async readFormat(artifact, content) {
    parseObjects(await readText(content, artifact.file), artifact.file);
    return null;
  },
  formatTools: () => Promise.resolve({}),
};
