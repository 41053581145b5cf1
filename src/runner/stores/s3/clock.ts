import { S3Client } from '@aws-sdk/client-s3';
import { monotonicMs } from '../../core/monotonic';

/** The service's clock, by its last answer. */
export interface ServiceClock {
  /** Beyond that of this machine; `undefined` before the first answer. */
  offsetMs: number | undefined;
}

/** What the SDK takes for a difference of clocks. */
const DIFFERENCE_MS = 5 * 60_000;

/**
 * Requests are signed with the service's time. The SDK learns it from a refusal, which is lost where the service cuts the connection in the
 * middle of a large body, and of which several parts under way get one each: a clock that is set during an upload would end it. So the time is
 * taken from each answer, and from there on from the machine's uptime, which nobody can set and which goes on while a laptop sleeps.
 */
export function followClock(client: S3Client): ServiceClock {
  const clock: ServiceClock = { offsetMs: undefined };
  let startedMs: number | undefined; // when this machine did, by the service's clock
  client.middlewareStack.add(next => async args => {
    const result = await next(args);
    const date = Date.parse((result.response as { readonly headers?: { readonly [name: string]: string } } | undefined)?.headers?.date ?? '');
    if (!Number.isNaN(date)) {
      clock.offsetMs = date - Date.now();
      startedMs = date - monotonicMs();
    }
    return result;
  }, { step: 'deserialize', priority: 'low', name: 'readClock' });
  const sign = <Args, Result>(next: (args: Args) => Promise<Result>) => async (args: Args) => {
    const offsetMs = startedMs === undefined ? client.config.systemClockOffset : startedMs + monotonicMs() - Date.now();
    if (Math.abs(offsetMs - client.config.systemClockOffset) >= DIFFERENCE_MS) client.config.systemClockOffset = offsetMs;
    return next(args);
  };
  client.middlewareStack.addRelativeTo(sign, { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'followClock' }); // for each attempt
  return clock;
}
