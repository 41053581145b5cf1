/**
 * What blobs cost to keep and to read. The archive tier is not among them: nothing can be read there before it was rehydrated, which takes hours.
 */
export enum AzureAccessTier {
  /** Dear to keep, cheap to read. */
  HOT = 'Hot',

  /** Cheaper to keep, dearer to read. At least 30 days are billed. */
  COOL = 'Cool',

  /** Cheaper still to keep, and dearer to read. At least 90 days are billed. */
  COLD = 'Cold',
}
