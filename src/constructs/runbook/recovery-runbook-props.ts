/** Somebody to call. */
export interface RunbookContact {
  /** Who it is: a person, or a team. */
  readonly name: string;

  /** For what, such as `decides about restores`. */
  readonly role: string;

  /** How they are reached: a number, a channel, a pager. */
  readonly channel: string;
}

/** Properties of `RecoveryRunbook`: what it says beside what is in the objects. */
export interface RecoveryRunbookProps {
  /**
   * Whom to call, the first one first.
   *
   * @default - the runbook names nobody
   */
  readonly contacts?: RunbookContact[];

  /**
   * At the top of it.
   *
   * @default - "Recovery runbook of" and the names of the charts
   */
  readonly title?: string;

  /**
   * First part of the names of both files, `NAME.md` and `NAME.html`: letters, digits, `_`, `-` and `.`. They lie beside the manifests, which their
   * commands name.
   *
   * @default - `RUNBOOK.md` and `runbook.html`
   */
  readonly runbookName?: string;

  /**
   * Where the runbook is published: the address of one of the files. It stands in both.
   *
   * @default - the runbook does not say where it is
   */
  readonly url?: string;

  /**
   * Where passwords, keys and identities are kept outside of the cluster, in words: `the vault "Recovery", and the safe in room 12`. Never the secrets
   * themselves.
   *
   * @default - the runbook says what has to be kept, and not where
   */
  readonly keptAt?: string;
}
