import { RecoveryScenario } from '../../recovery/recovery-scenario';
import { Block, Text } from '../document/document';

/** One kind of emergency. */
export interface Scenario {
  readonly heading: string;
  /** What somebody sees who has to find it. */
  readonly sees: Text;
  /** Under which name promises are given for it; `undefined`: none are. */
  readonly promised: RecoveryScenario | undefined;
  /** Below the heading. */
  readonly blocks: readonly Block[];
}
