import { S3Client } from '@aws-sdk/client-s3';
import { ServiceClock } from '../../store-api/clock';

/** What the SDK takes for a difference of clocks. */
const DIFFERENCE_MS = 5 * 60_000;

/**
 * Requests are signed with the service's time. The SDK learns it from a refusal, which is lost where the service cuts the connection in the
 * middle of a large body, and of which several parts under way get one each: a clock that is set during an upload would end it. So the time is
 * taken from each answer.
 */
export function followClock(client: S3Client): ServiceClock {
  const clock = new ServiceClock();
  client.middlewareStack.add(next => async args => {
    const result = await next(args);
    clock.read((result.response as { readonly headers?: { readonly [name: string]: string } } | undefined)?.headers?.date);
    return result;
  }, { step: 'deserialize', priority: 'low', name: 'readClock' });
  const sign = <Args, Result>(next: (args: Args) => Promise<Result>) => async (args: Args) => {
    const offsetMs = clock.nowOffsetMs ?? client.config.systemClockOffset;
    if (Math.abs(offsetMs - client.config.systemClockOffset) >= DIFFERENCE_MS) client.config.systemClockOffset = offsetMs;
    return next(args);
  };
  client.middlewareStack.addRelativeTo(sign, { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'followClock' }); // for each attempt
  return clock;
}
