/** How the backups of a store are arranged. */
export enum StoreLayout {
  /**
   * A folder for each backup: `PREFIX/shop/shop_20261122_020000.dump`. What acts by prefix, as lifecycle rules and access policies do, and
   * a copy of the folder, is about this one backup, whoever else writes to the bucket or to the volume.
   */
  FOLDER_PER_BACKUP = 'folder-per-backup',

  /**
   * Everything side by side: `PREFIX/shop_20261122_020000.dump`. For a store that has backups in this layout already.
   *
   * What acts on the prefix `shop_` acts on a backup called `shop_eu` too. Within one app that is checked; what other apps store there is
   * not known.
   */
  FLAT = 'flat',
}
