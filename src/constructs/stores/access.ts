/*
 * Which credentials a job has for its stores, and whether they may do what it does.
 */
import { BackupStore } from './backup-store';
import { roleOf } from './s3/role';
import { S3Credentials } from './s3/s3-credentials';
import { show } from '../core/check';
import { Right } from '../store-api/rights';

/** Credentials for S3 stores instead of their own, by the name of the store. */
export interface S3CredentialsByStore {
  readonly [storeName: string]: S3Credentials;
}

/** A right that a job needs. */
export interface Need {
  readonly right: Right;
  /** What the job does with it, in words: `the backup prunes at its end`. */
  readonly why: string;
  readonly wayOut: string;
}

/** Refuses credentials for stores that are not there. */
export function checkStoreNames(property: string, given: S3CredentialsByStore, stores: readonly BackupStore[], whose = 'the job has'): void {
  const names = stores.filter(({ _role }) => _role !== undefined).map(({ storeName }) => storeName);
  const unknown = Object.keys(given).find(name => !names.includes(name));
  if (unknown !== undefined) {
    throw new Error(`'${property}' has ${show(unknown)}, and ${whose} no S3 store of that name: there ${names.length === 1 ? 'is' : 'are'} ${show([...new Set(names)])}`);
  }
}

/** What is wrong with the credentials for what a job needs, a sentence each. Volumes have none. */
export function missingRights(stores: readonly BackupStore[], given: S3CredentialsByStore, needs: readonly Need[]): string[] {
  return stores.flatMap(({ storeName, _role: own }) => {
    const instead = given[storeName];
    const role = instead === undefined ? own : roleOf(instead._access);
    if (role === undefined) return [];
    return needs.filter(({ right }) => !role.rights.includes(right))
      .map(({ why, wayOut }) => `the credentials of store ${show(storeName)} are for ${role.title}, and ${why}: ${wayOut}`);
  });
}

/** Refuses credentials that may not do what a job needs. */
export function checkAccess(stores: readonly BackupStore[], given: S3CredentialsByStore, needs: readonly Need[]): void {
  const [problem] = missingRights(stores, given, needs);
  if (problem !== undefined) throw new Error(problem);
}
