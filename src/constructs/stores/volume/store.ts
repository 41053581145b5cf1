import { Chart, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct, IConstruct } from 'constructs';
import { ClaimToMake } from './claim-to-make';
import { locationOfClaim, locationOfClass } from './node-local';
import { PersistentVolumeAccessMode } from './persistent-volume-access-mode';
import { ClaimStoreOptions, VolumeStoreOptions } from './volume-store';
import { FolderStoreConfig } from '../../../contract/config';
import { asResource } from '../../core/any-version';
import { checkForm, checkValue, Form, needed } from '../../core/form';
import { CLAIM, FLAG, listOf, oneOf, SIZE, text } from '../../core/takes';
import { BACKUPS } from '../../parts/pod-parts';
import { StoreLayout } from '../../parts/store-layout';
import { StoreParts } from '../../parts/store-parts';
import { placeOfClaim } from '../../parts/store-place';
import { StoreLocation } from '../../recovery/store-location';
import { LOCATION } from '../../recovery/takes';
import { checkStoreName, StoreDefinition } from '../../store-api/store-definition';

/** A store that nobody has named. */
const DEFAULT_NAME = 'volume';

const CLAIM_STORE: Form<ClaimStoreOptions> = { storeName: text('volume'), layout: oneOf(StoreLayout, 'StoreLayout'), location: LOCATION };
const VOLUME_STORE: Form<VolumeStoreOptions> = {
  ...CLAIM_STORE,
  size: needed(SIZE),
  storageClassName: text('standard'),
  claimName: text('backup-storage'),
  accessModes: listOf(oneOf(PersistentVolumeAccessMode, 'PersistentVolumeAccessMode')),
  keep: FLAG,
};

/** A volume through a claim that is made. Checks the options at once. */
export function volume(options: VolumeStoreOptions): StoreDefinition {
  checkForm(options, VOLUME_STORE);
  const name = checkStoreName(options.storeName ?? DEFAULT_NAME);
  const claim = new ClaimToMake(options);
  return onClaim(name, scope => claim.for(scope), options.location ?? locationOfClass(options.storageClassName), options.layout, options.size);
}

/** A volume through a claim that is there. */
export function existingClaim(claim: IConstruct, options: ClaimStoreOptions): StoreDefinition {
  checkValue('claim', claim, needed(CLAIM));
  checkForm(options, CLAIM_STORE);
  const name = checkStoreName(options.storeName ?? DEFAULT_NAME);
  return onClaim(name, () => asResource(claim), options.location ?? locationOfClaim(claim), options.layout);
}

function onClaim(
  name: string, claimFor: (scope: Construct) => kplus.IPersistentVolumeClaim, location: StoreLocation, layout: StoreLayout | undefined,
  capacity?: Size,
): StoreDefinition {
  const directory = (alone: boolean) => alone ? BACKUPS : `${BACKUPS}/${name}`;
  return {
    type: 'folder',
    name,
    location,
    layout,
    role: undefined,
    config: alone => configOf(name, directory(alone)),
    bind: (scope, alone) => ({ ...mount(scope, claimFor(scope), configOf(name, directory(alone)), name), capacity }),
    bindForReading: (scope, tag) => {
      // The usual case, the only volume of the guide, is where the guide looks for it.
      const parts = mount(scope, claimFor(scope), configOf(name, tag === DEFAULT_NAME ? BACKUPS : `${BACKUPS}-${tag}`), tag);
      return { ...parts, mounts: parts.mounts.map(each => ({ ...each, readOnly: true })) };
    },
  };
}

function configOf(name: string, directory: string): FolderStoreConfig {
  return { type: 'folder', name, directory, folder: null };
}

/** @param tag names it in the pod */
function mount(scope: Construct, claim: kplus.IPersistentVolumeClaim, config: FolderStoreConfig, tag: string): StoreParts {
  return {
    config,
    env: {},
    mounts: [{ path: config.directory, volume: kplus.Volume.fromPersistentVolumeClaim(scope, `Store-${tag}`, claim, { name: `store-${tag}` }) }],
    mountsClaim: true,
    annotations: {},
    claimName: claim.name,
    location: `claim ${Chart.of(scope).namespace ?? 'default'}/${claim.name}`,
    place: placeOfClaim(claim.name, Chart.of(scope).namespace),
  };
}
