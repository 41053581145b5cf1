import { PartLimits } from '../../store-api/parts';

/** @param maxParts that the service takes */
export function s3Limits(maxParts: number): PartLimits {
  return { maxParts, maxObjectBytes: 5 * 1024 ** 4, moreParts: ' raise maxParts where the service allows,' };
}
