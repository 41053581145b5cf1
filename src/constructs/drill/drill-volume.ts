import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { checkText, mebibytes } from '../core/check';
import { checkForm, checkValue, Form, needed } from '../core/form';
import { at } from '../core/located';
import { SIZE, text } from '../core/takes';

/** Options for `DrillVolume.claim()`. */
export interface DrillClaimOptions {
  /**
   * Storage class of the claim. Take that of the real server, and the time that a drill measures means something.
   *
   * @default - the cluster's default class
   */
  readonly storageClassName?: string;
}

/**
 * Where the scratch server of a drill has its data. It is emptied when the server ends, also after a failure; only a server that is killed outright
 * leaves it as it is, until the volume goes.
 */
export class DrillVolume {
  /**
   * On the disk of the node. Nothing is reserved; a pod that takes more than `size` is evicted, and then there is no record of the drill.
   * Kubernetes removes it when the pod ends.
   *
   * @param size limit of it: whole MiB, at least 256
   */
  public static emptyDir(size: Size): DrillVolume {
    const mib = at('DrillVolume.emptyDir', () => checkSize(size));
    return new DrillVolume(mib, false, { emptyDir: { sizeLimit: quantity(mib) } });
  }

  /**
   * A volume of its own, through a claim that Kubernetes makes for the pod and deletes with it: when the history drops its Job. Until then it is
   * empty, and reserved.
   *
   * @param size that is asked for: whole MiB, at least 256
   */
  public static claim(size: Size, options: DrillClaimOptions = {}): DrillVolume {
    const mib = at('DrillVolume.claim', () => {
      checkForm(options, CLAIM_FORM);
      if (options.storageClassName !== undefined) checkText('storageClassName', options.storageClassName);
      return checkSize(size);
    });
    return new DrillVolume(mib, true, {
      ephemeral: {
        volumeClaimTemplate: {
          spec: { accessModes: ['ReadWriteOnce'], storageClassName: options.storageClassName, resources: { requests: { storage: quantity(mib) } } },
        },
      },
    });
  }

  private constructor(
    private readonly mib: number,
    /**
     * @internal
     */
    public readonly _isClaim: boolean,
    /**
     * As the pod spec has it, without its name. cdk8s-plus has no claims that come and go with a pod.
     *
     * @internal
     */
    public readonly _volume: { readonly [kind: string]: unknown },
  ) {}

  /**
   * @internal
   */
  public get _bytes(): number {
    return this.mib * 1024 * 1024;
  }
}

/** Not the text: what is patched in is rendered once more, and quantities are objects then. */
function quantity(mib: number) {
  return kplus.k8s.Quantity.fromString(`${mib}Mi`);
}

const CLAIM_FORM: Form<DrillClaimOptions> = { storageClassName: text('standard') };

function checkSize(size: Size): number {
  checkValue('size', size, needed({ ...SIZE, example: 'Size.gibibytes(20)' }));
  const mib = mebibytes(size);
  if (!Number.isInteger(mib) || mib < 256) {
    throw new Error(`'size' must be a whole number of MiB, at least 256, got ${size.asString()}: as much as the database takes, and as much again for its log`);
  }
  return mib;
}
