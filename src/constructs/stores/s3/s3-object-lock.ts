import { Duration } from 'cdk8s';

/** Who may shorten a lock. */
export enum S3ObjectLockMode {
  /** Those with the right to bypass it, which none of the roles of `S3Access` has. */
  GOVERNANCE = 'GOVERNANCE',

  /** Nobody, not even the root account: what is locked for too long is paid for to the end. */
  COMPLIANCE = 'COMPLIANCE',
}

/** How S3 keeps what is uploaded from being deleted. */
export interface S3ObjectLock {
  /** Who may shorten it. */
  readonly mode: S3ObjectLockMode;

  /** How long each backup is locked, from its upload: at least 1 day and at most 100 years. */
  readonly duration: Duration;
}
