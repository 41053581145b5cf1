import { ConstructStoreType } from '../../store-api/store-type';

/** A volume, which a pod mounts through a claim. */
export const VOLUME: ConstructStoreType<'folder'> = {
  title: 'the volume',
  reachedBy: 'claim',
  elsewhere: () => 'set \'volumes\' to false',
  inFolder: (store, backupName) => ({ ...store, folder: backupName }),
  storageClass: () => undefined,
  network: () => undefined,
  checkLock: () => ({ errors: [], warnings: [] }),
  describe: (store, claim) => `claim ${claim ?? store.name}`,
  secretVariables: () => [],
};
