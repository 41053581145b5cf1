/*
 * In a container of the runner's image, beside a database that no cluster runs. `docker run` joins the network and the volumes of a Compose project, and
 * needs no Compose file: this page does not know the one of the application.
 */
import { ask, askSecrets, configOutside } from './shell';
import { codes, composeOf, isEncrypted, NAMES, restorableOutside } from './words';
import { shellWord } from '../../core/shell-word';
import { Block, code, commands, heading, paragraph, say, steps } from '../document/document';
import { ContainerFacts, RestoreFacts, RunbookFacts, Subject } from '../facts/runbook-facts';

/** Where the folder of this page is in the container. */
const FOLDER = '/runbook';

export function compose({ subjects }: RunbookFacts): Block[] {
  const possible = restorableOutside(subjects)
    .flatMap(({ subject, restore }) => restore.container ? [{ subject, restore, container: restore.container }] : []);
  if (possible.length === 0) return [];
  return [
    heading(2, NAMES.COMPOSE),
    paragraph(say`For databases that run under Docker or Compose, in place of a cluster that is gone. The machine needs Docker, the image, and the manifests beside this page. The user of the container has to be able to read them. The application is yours to stop and to start.`),
    ...possible.flatMap(({ subject, restore, container }) => underCompose(subject, restore, container)),
  ];
}

function underCompose(subject: Subject, restore: RestoreFacts, container: ContainerFacts): Block[] {
  const { secrets: { variables }, authorities } = restore;
  const { network, mounts } = container;
  return [
    heading(3, composeOf(subject)),
    steps(
      ...variables.length === 0 ? [] : [[paragraph(say`Type the keys. They are not shown.`), commands(askSecrets(variables.map(({ variable }) => variable)))]],
      ...network ? [[paragraph(say`Name the network of the server. ${code('docker network ls')} lists them. The server has the name there that it has in the cluster.`), commands(ask('NETWORK', 'network, such as app_default'))]] : [],
      ...mounts.map((mount, i) => [
        paragraph(say`Name the volume that is ${code(mount)} in the cluster. ${code('docker volume ls')} lists them.`),
        commands(ask(volumeVariable(i), 'volume, such as app_data')),
      ]),
      ...mounts.length === 0 ? [] : [[paragraph(say`Name the user and the group that own its files, as numbers. Nobody else can replace them.`), commands(ask('OWNER', 'owner, such as 1000:1000'))]],
      ...isEncrypted(subject) ? [[paragraph(say`Put a file with an identity here: ${code('backup.key')}. ${mounts.length === 0 ? 'It may be yours alone.' : 'The owner of the files has to be able to read it.'}`)]] : [],
      ...authorities.length === 0 ? [] : [[paragraph(say`Put the certificate of the store's authority here: ${codes(authorities.map(({ file }) => file))}.`)]],
      [paragraph(say`See the plan:`), commands(...dockerRun(subject, restore, container, '--dry-run'))],
      [paragraph(say`Restore the newest backup:`), commands(...dockerRun(subject, restore, container, '--yes'))],
    ),
  ];
}

function dockerRun(subject: Subject, restore: RestoreFacts, { image, settings, network, mounts }: ContainerFacts, how: string): string[] {
  const identity = isEncrypted(subject) ? [`--identity ${FOLDER}/backup.key`] : [];
  const user = mounts.length > 0 ? ['--user "$OWNER"'] : identity.length > 0 ? ['--user "$(id -u):$(id -g)"'] : [];
  const store = subject.stores.find(({ reachable }) => reachable)!.name;
  return [
    'docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \\',
    `  ${[
      ...network ? ['--network "$NETWORK"'] : [], ...user, `--volume "$PWD":${FOLDER}:ro`, ...mounts.map((mount, i) => `--volume "$${volumeVariable(i)}":${shellWord(mount)}`),
      ...restore.secrets.variables.map(({ variable }) => `--env ${variable}`),
    ].join(' ')} \\`,
    `  ${shellWord(image)} restore ${how} ${[configOutside({ ...restore, manifest: `${FOLDER}/${restore.manifest}` }, FOLDER), `--store ${store}`, ...settings, ...identity].join(' ')}`,
  ];
}

/** One for each volume; most restores have one at most. */
function volumeVariable(i: number): string {
  return i === 0 ? 'VOLUME' : `VOLUME_${i + 1}`;
}
