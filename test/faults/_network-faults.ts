import { Command } from './_command';
import { Armed, Fault, Strike } from './_fault';
import { Fault as HttpFault } from '../integration/servers/fault-proxy';
import { TcpFault } from '../integration/servers/tcp-fault-proxy';

/* The network between the runner and its store or its database. */

/** The command got over it, had no time left, or says that a retry may help. */
const CODES = [0, 17, 20];
const SHORT_DEADLINE_SECONDS = 8;
const MOST_BYTES = 20_000;
/** A storm of this many answers is longer than the runner's patience, or its deadline. */
const ENDLESS = 1000;

export const NETWORK_FAULTS: readonly Fault[] = [
  broken('connection reset', 'reset', ({ dice }) => dice.oneOf([
    { kind: 'cut-request', afterBytes: dice.between(0, MOST_BYTES) }, { kind: 'cut-answer', afterBytes: dice.between(0, MOST_BYTES) }, { kind: 'lose-answer' },
  ])),
  { ...broken('half-open connection', 'half-open', () => ({ kind: 'hang' })), deadlineSeconds: SHORT_DEADLINE_SECONDS },
  { ...broken('1 kB/s', 'slow', () => ({ kind: 'slow', bytesPerSecond: 1000 })), deadlineSeconds: SHORT_DEADLINE_SECONDS },
  broken('truncated answer', 'truncate', ({ dice }) => ({ kind: 'truncate-answer', afterBytes: dice.between(0, 2000) })),
  onlyS3('repeated request', () => ({ kind: 'repeat-request' })),
  onlyS3('repeated answer', () => ({ kind: 'repeat-answer' })),
  { ...onlyS3('storm of 5xx', ({ dice }) => ({ kind: 'status', ...dice.oneOf([{ status: 500, code: 'InternalError' }, { status: 503, code: 'SlowDown' }]) })), deadlineSeconds: 10 },
  { ...onlyS3('storm of 429', () => ({ kind: 'status', status: 429, code: 'TooManyRequests' })), deadlineSeconds: 10 },
];

/** A fault of S3's requests, or of a connection to a database. */
function broken(name: string, kind: TcpFault['kind'], ofS3: (strike: Strike) => HttpFault): Fault {
  return {
    name,
    codes: CODES,
    appliesTo: ({ links }) => links.length > 0,
    arm: strike => {
      const link = strike.dice.oneOf(strike.command.links);
      if (link === 's3') return strikeS3(strike, ofS3(strike));
      const { baseline, dice, place: { site } } = strike;
      const [proxy, bytes] = link === 'postgres' ? [site.pgProxy, baseline.postgresBytes] as const : [site.redisProxy, baseline.redisBytes] as const;
      const fault: TcpFault = { kind, afterBytes: dice.between(1, bytes), lasting: dice.next() < 0.3 };
      proxy.inject(fault, strike.hit);
      return { what: `${link} after ${fault.afterBytes} bytes${fault.lasting ? ', and from then on' : ''}` };
    },
  };
}

function onlyS3(name: string, ofS3: (strike: Strike) => HttpFault): Fault {
  return { name, codes: CODES, appliesTo: ({ links }: Command) => links.includes('s3'), arm: strike => strikeS3(strike, ofS3(strike)) };
}

function strikeS3({ baseline, dice, hit, place: { site } }: Strike, fault: HttpFault): Armed {
  const first = dice.between(0, baseline.s3Requests - 1);
  const length = dice.oneOf([1, 1, 2, 4, ENDLESS]);
  let n = 0;
  site.s3Proxy.inject(fault, () => {
    const at = n++;
    const strikes = at >= first && at < first + length;
    if (strikes) hit();
    return strikes;
  }, Infinity);
  return { what: `S3 from request ${first}, ${length === ENDLESS ? 'and no end' : `${length} of them`}: ${JSON.stringify(fault)}` };
}
