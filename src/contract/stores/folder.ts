export interface FolderStoreConfig {
  readonly type: 'folder';
  /** How messages and records name this store; unique within a config. */
  readonly name: string;
  /** Absolute path of an existing directory. */
  readonly directory: string;
  /** The folder in it that the backup has to itself, which is made when something is written; `null`: everything is in the directory. */
  readonly folder: string | null;
}
