import { Size } from 'cdk8s';
import { checkWholeNumber } from '../core/check';
import { at } from '../core/located';

/** What a container asks for, and may not exceed. In TypeScript `ContainerResources` of any cdk8s-plus is taken for it. */
export interface ContainerResources {
  /**
   * Time of processors.
   *
   * @default - neither a request nor a limit
   */
  readonly cpu?: CpuResources;

  /**
   * Memory.
   *
   * @default - neither a request nor a limit
   */
  readonly memory?: MemoryResources;

  /**
   * Space on the disk of the node.
   *
   * @default - neither a request nor a limit
   */
  readonly ephemeralStorage?: EphemeralStorageResources;
}

/** Time of processors that a container asks for, and may not exceed. */
export interface CpuResources {
  /**
   * What the node keeps for it.
   *
   * @default - nothing is kept
   */
  readonly request?: Cpu;

  /**
   * What it can't exceed: it runs slower there.
   *
   * @default - what the node has
   */
  readonly limit?: Cpu;
}

/** Memory that a container asks for, and may not exceed. */
export interface MemoryResources {
  /**
   * What the node keeps for it.
   *
   * @default - nothing is kept
   */
  readonly request?: Size;

  /**
   * What it can't exceed: it is killed there.
   *
   * @default - what the node has
   */
  readonly limit?: Size;
}

/** Space on the disk of the node that a container asks for, and may not exceed. */
export interface EphemeralStorageResources {
  /**
   * What the node keeps for it.
   *
   * @default - nothing is kept
   */
  readonly request?: Size;

  /**
   * What it can't exceed: the pod is evicted there.
   *
   * @default - what the node has
   */
  readonly limit?: Size;
}

/** An amount of time of processors. In TypeScript `Cpu` of any cdk8s-plus is taken for it. */
export class Cpu {
  /** Thousandths of a processor. */
  public static millis(amount: number): Cpu {
    return new Cpu(`${at('Cpu.millis', () => checkWholeNumber('amount', amount, 1, Number.MAX_SAFE_INTEGER))}m`);
  }

  /** Whole processors. */
  public static units(amount: number): Cpu {
    return new Cpu(`${at('Cpu.units', () => checkWholeNumber('amount', amount, 1, Number.MAX_SAFE_INTEGER, 'parts of one are Cpu.millis(500)'))}`);
  }

  private constructor(
    /** As Kubernetes writes it: `100m`. */
    public readonly amount: string,
  ) {}
}
