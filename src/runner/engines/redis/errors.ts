import { ServerError } from './resp';
import { ExitCode } from '../../../contract/exit-code';
import { codeOf, messageOf, RunnerError } from '../../core/errors';

/** What the runner wants of a server. */
export type RedisUse = 'backup' | 'restore' | 'restore-keys';

interface Rule {
  readonly pattern: RegExp;
  readonly exitCode: ExitCode;
  readonly wayOut: string | { readonly [use in RedisUse]: string };
}

/** Commands that a user needs, as ACL SETUSER takes them. */
export const REDIS_RIGHTS: { readonly [use in RedisUse]: string } = {
  'backup': '+ping +info +psync +replconf',
  'restore': '+ping +info +psync +replconf +replicaof +select +scan +function|dump',
  'restore-keys': '~* +ping +info +select +scan +randomkey +dump +pttl +pexpiretime +restore +unlink +get +set +function|dump +function|restore +function|flush',
};

/** Answers begin with a code that no version of Redis translates. The first that matches wins. */
const RULES: readonly Rule[] = [
  { pattern: /^NOAUTH/, exitCode: ExitCode.DENIED, wayOut: 'it wants a password: name the Secret that holds it' },
  {
    pattern: /^WRONGPASS|invalid password|invalid username-password/i,
    exitCode: ExitCode.DENIED,
    wayOut: 'check the user and the password in the Secret, and that the ACL user is "on"',
  },
  {
    pattern: /without any password configured/,
    exitCode: ExitCode.DENIED,
    wayOut: 'the server has no password, so anybody may read it: give it one, or configure the backup without a password',
  },
  { pattern: /^NOPERM/, exitCode: ExitCode.DENIED, wayOut: { 'backup': rights('backup'), 'restore': rights('restore'), 'restore-keys': rights('restore-keys') } },
  { pattern: /^DENIED/, exitCode: ExitCode.DENIED, wayOut: 'the server is in protected mode: give it a password' },
  {
    pattern: /unknown command/i,
    exitCode: ExitCode.BAD_CONFIG,
    wayOut: {
      'backup': 'the server does not let itself be replicated, as some hosted services do, and can\'t be backed up over the network: use the service\'s own snapshots',
      'restore': 'the server does not take the commands of replication, as some hosted services do: restore with RestoreMode.redisKeys or --set target.mode=keys, which needs none of them',
      'restore-keys': 'the server does not take commands that a restore key by key needs: restore with the service\'s own means',
    },
  },
  { pattern: /^LOADING/, exitCode: ExitCode.UNAVAILABLE, wayOut: 'it is still loading its data: try again when it has started' },
  { pattern: /^(NOMASTERLINK|MASTERDOWN)/, exitCode: ExitCode.UNAVAILABLE, wayOut: 'this replica has lost its master: back up the master, or try again when they are connected' },
  { pattern: /max number of clients/i, exitCode: ExitCode.UNAVAILABLE, wayOut: 'all its connections are in use: raise "maxclients", or try again later' },
  { pattern: /^OOM/, exitCode: ExitCode.NO_SPACE, wayOut: 'its data has reached maxmemory: raise that, or restore into a larger server' },
  { pattern: /^READONLY/, exitCode: ExitCode.BAD_CONFIG, wayOut: 'it is a replica: name its master' },
  { pattern: /DUMP payload version or checksum/, exitCode: ExitCode.VERSION_MISMATCH, wayOut: 'it does not know the format of the backup: restore into a server at least as new as the one that was backed up' },
  { pattern: /DB index is out of range/, exitCode: ExitCode.BAD_CONFIG, wayOut: 'it has fewer databases than the backup: raise its setting "databases", or restore into a server that has them' },
  { pattern: /BGSAVE failed/i, exitCode: ExitCode.UNAVAILABLE, wayOut: 'it could not fork or write: its log says why; often memory (vm.overcommit_memory=1) or a full disk' },
];

/** What an error that the server sent means, and what to do. */
export function explainServerError(error: ServerError, command: string, address: string, user: string | null, use: RedisUse = 'backup'): RunnerError {
  const { message: reply } = error;
  const rule = RULES.find(({ pattern }) => pattern.test(reply));
  const wayOut = typeof rule?.wayOut === 'object' ? rule.wayOut[use] : rule?.wayOut;
  const who = user === null ? '' : ` to user "${user}"`;
  return new RunnerError(
    `redis ${address} answered ${command}${who} with "${reply}": ${wayOut ?? 'its log may say more'}`,
    rule?.exitCode ?? ExitCode.FAILED, { cause: error },
  );
}

/** @param what completes "waited in vain" */
export function waitedInVain(limitMs: number, what: string, address: string, tls: boolean): RunnerError {
  return new RunnerError(
    `redis ${address}: waited ${limitMs / 1000} s in vain ${what}; check that the server runs, that no firewall or network policy is between, and ${
      tls ? 'that the port speaks TLS' : 'whether the port wants TLS'}`,
    ExitCode.UNAVAILABLE,
  );
}

/** What an error means that there was before the server had answered at all. */
export function explainNoConnection(error: unknown, address: string): RunnerError {
  const code = codeOf(error) ?? '';
  const reason = messageOf(error);
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code)) {
    return new RunnerError(
      `redis ${address} asks for a client certificate, which this runner does not have: set 'tls-auth-clients no' (or optional) on the server, and use a password`,
      ExitCode.BAD_CONFIG, { cause: error },
    );
  }
  if (/^(ERR_SSL|ERR_TLS|EPROTO|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO)/.test(code)) {
    return new RunnerError(
      `redis ${address}: no TLS connection (${reason}): check that the port speaks TLS, that 'tls.caFile' is the authority of its certificate (RedisTls.trusting(ca)), and that the certificate names this host`,
      ExitCode.BAD_CONFIG, { cause: error },
    );
  }
  return new RunnerError(
    `redis ${address} can't be reached (${reason}): check that it runs, host and port, and whether the port wants TLS`,
    ExitCode.UNAVAILABLE, { cause: error },
  );
}

/** What the end of a connection means on which the server had answered. */
export function explainLostConnection(error: unknown, what: string, address: string): RunnerError {
  return new RunnerError(
    `redis ${address} went away when it was asked for ${what} (${messageOf(error)}): check whether it was stopped or restarted, and its log`, ExitCode.UNAVAILABLE, { cause: error },
  );
}

/** As {@link explainLostConnection}, after the server had agreed to send a snapshot and before any of it. */
export function explainNoSnapshot(error: unknown, address: string): RunnerError {
  return new RunnerError(
    `redis ${address} agreed to send a snapshot, and ended the connection before the first byte of it (${messageOf(error)}): its log says why; `
      + 'it refuses so what it can\'t write for a replica of this version, and a server that was stopped does it as well',
    ExitCode.UNAVAILABLE, { cause: error },
  );
}

/** What the server itself has said, where an error is about an answer of it; its first word is a code. */
export function replyOf(error: unknown): string | undefined {
  return error instanceof RunnerError && error.cause instanceof ServerError ? error.cause.message : undefined;
}

function rights(use: RedisUse): string {
  return `give the user what a ${use === 'backup' ? use : 'restore'} needs: ACL SETUSER name on >password ${REDIS_RIGHTS[use]}`;
}
