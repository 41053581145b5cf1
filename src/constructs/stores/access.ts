/*
 * Which credentials a job has for its stores, and whether they may do what it does.
 */
import { BackupStore } from './backup-store';
import { S3Access } from './s3/s3-access';
import { S3Credentials } from './s3/s3-credentials';
import { show } from '../core/check';

/** Credentials for S3 stores instead of their own, by the name of the store. */
export interface S3CredentialsByStore {
  readonly [storeName: string]: S3Credentials;
}

/** To list and read; to write notes beside backups; to store backups; to delete; to replace the rules of the bucket. */
type Right = 'read' | 'note' | 'put' | 'delete' | 'lifecycle';

const RIGHTS: { readonly [access in S3Access]: readonly Right[] } = {
  [S3Access.READ]: ['read'],
  [S3Access.VERIFY]: ['read', 'note'],
  [S3Access.BACKUP]: ['read', 'note', 'put'],
  [S3Access.PRUNE]: ['read', 'note', 'delete'],
  // Credentials that nobody has said anything about.
  [S3Access.FULL]: ['read', 'note', 'put', 'delete', 'lifecycle'],
  [S3Access.LIFECYCLE]: ['lifecycle'],
};

/** A right that a job needs. */
export interface Need {
  readonly right: Right;
  /** What the job does with it, in words: `the backup prunes at its end`. */
  readonly why: string;
  readonly wayOut: string;
}

/** Refuses credentials for stores that are not there. */
export function checkStoreNames(property: string, given: S3CredentialsByStore, stores: readonly BackupStore[], whose = 'the job has'): void {
  const names = stores.filter(({ _kind }) => _kind === 's3').map(({ storeName }) => storeName);
  const unknown = Object.keys(given).find(name => !names.includes(name));
  if (unknown !== undefined) {
    throw new Error(`'${property}' has ${show(unknown)}, and ${whose} no S3 store of that name: there ${names.length === 1 ? 'is' : 'are'} ${show([...new Set(names)])}`);
  }
}

/** What is wrong with the credentials for what a job needs, a sentence each. Volumes have none. */
export function missingRights(stores: readonly BackupStore[], given: S3CredentialsByStore, needs: readonly Need[]): string[] {
  return stores.filter(({ _kind }) => _kind === 's3').flatMap(store => {
    const access = given[store.storeName]?._access ?? store._access;
    return needs.filter(({ right }) => !RIGHTS[access].includes(right))
      .map(({ why, wayOut }) => `the credentials of store ${show(store.storeName)} are for S3Access.${access.toUpperCase()}, and ${why}: ${wayOut}`);
  });
}

/** Refuses credentials that may not do what a job needs. */
export function checkAccess(stores: readonly BackupStore[], given: S3CredentialsByStore, needs: readonly Need[]): void {
  const [problem] = missingRights(stores, given, needs);
  if (problem !== undefined) throw new Error(problem);
}
