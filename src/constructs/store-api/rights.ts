/** To list and read; to write notes beside backups; to store backups; to delete; to replace the rules of the bucket. */
export type Right = 'read' | 'note' | 'put' | 'delete' | 'lifecycle';

/** What credentials may do. */
export interface Role {
  /** As whoever gives the credentials writes it: `S3Access.BACKUP`. */
  readonly title: string;
  readonly rights: readonly Right[];
}
