/** Exit codes of the runner. The Job's pod failure policy acts on them, so a number never changes its meaning. docs/reference/exit-codes.md prints the comments. */
export const ExitCode = {
  /** Done. */
  OK: 0,
  /** Failed in a way that is not named below. */
  FAILED: 1,
  /** The command line can't be understood, or what it asks for was not confirmed. */
  USAGE: 2,
  /** `lifecycle diff --exit-code` found a difference. */
  DIFFERS: 3,
  /** The config can't be used. */
  BAD_CONFIG: 10,
  /** Stored bytes don't match their digest, a restored backup fails a check, or the source itself is corrupt. */
  CORRUPT: 11,
  /** A program is too old, or too new, for the server or the archive. */
  VERSION_MISMATCH: 12,
  /** The backup was kept, but is suspect: it is empty, or much smaller than the one before. */
  SUSPECT: 13,
  /** A password or key is wrong, or a permission is missing. */
  DENIED: 14,
  /** The database, file, bucket or backup is not there. */
  NOT_FOUND: 15,
  /** A disk or quota is full. */
  NO_SPACE: 16,
  /** Stopped at its deadline, or an application is not healthy after a restore, or a drill took longer than the declared RTO. */
  DEADLINE: 17,
  /** A server can't be reached, or went away. */
  UNAVAILABLE: 20,
  /** Stopped by SIGTERM or SIGINT. */
  CANCELLED: 143,
} as const;

export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

/** Codes after which the same run can succeed without anybody's help. All others fail the Job at once. */
export const RETRYABLE: readonly ExitCode[] = [ExitCode.FAILED, ExitCode.UNAVAILABLE, ExitCode.CANCELLED];

/** Codes after which a retry of the same run is pointless, in ascending order. */
export const PERMANENT: readonly ExitCode[] = Object.values(ExitCode)
  .filter(code => code !== ExitCode.OK && code !== ExitCode.DIFFERS && !RETRYABLE.includes(code))
  .sort((a, b) => a - b);
