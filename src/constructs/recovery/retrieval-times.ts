/*
 * What each storage class of S3 takes before an object in it can be read, and what it bills at least. From the S3 user guide as of
 * 2025; a class that is not here is another provider's, and read at once as far as anybody says.
 */

/** What is known about one storage class. */
export interface StorageClassFacts {
  /** The longest time that the ordinary ("standard") retrieval takes; 0: the object is read at once. */
  readonly retrievalSeconds: number;
  /** The longest time that the cheap ("bulk") retrieval takes. */
  readonly bulkRetrievalSeconds: number;
  /** An object that leaves earlier is billed for this many days all the same. */
  readonly minimumDays: number;
}

const HOUR = 3600;
const AT_ONCE = { retrievalSeconds: 0, bulkRetrievalSeconds: 0 };

const FACTS: { readonly [storageClass: string]: StorageClassFacts } = {
  STANDARD: { ...AT_ONCE, minimumDays: 0 },
  STANDARD_IA: { ...AT_ONCE, minimumDays: 30 },
  ONEZONE_IA: { ...AT_ONCE, minimumDays: 30 },
  // Without its archive tiers, which are switched on object by object.
  INTELLIGENT_TIERING: { ...AT_ONCE, minimumDays: 0 },
  GLACIER_IR: { ...AT_ONCE, minimumDays: 90 },
  GLACIER: { retrievalSeconds: 5 * HOUR, bulkRetrievalSeconds: 12 * HOUR, minimumDays: 90 },
  DEEP_ARCHIVE: { retrievalSeconds: 12 * HOUR, bulkRetrievalSeconds: 48 * HOUR, minimumDays: 180 },
};

/** Facts about a storage class by its name in the S3 API. */
export function factsOf(storageClass: string): StorageClassFacts {
  return FACTS[storageClass] ?? { ...AT_ONCE, minimumDays: 0 };
}

/** Seconds until an object of this class can be read: 0, or what a thaw takes at the longest. */
export function retrievalSeconds(storageClass: string): number {
  return factsOf(storageClass).retrievalSeconds;
}

/** Whether an object of this class has to be thawed before it can be read. */
export function isArchive(storageClass: string): boolean {
  return retrievalSeconds(storageClass) > 0;
}
