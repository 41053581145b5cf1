import { ExitCode } from '../../contract/exit-code';

/** Something that a restore needs and that is not there. */
export interface Obstacle {
  /** What is missing, and the way out. */
  readonly message: string;
  readonly exitCode: ExitCode;
}
