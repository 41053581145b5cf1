import { parseKey } from '../../contract/layout';
import { show } from '../core/check';
import { checkValue, needed } from '../core/form';
import { at } from '../core/located';
import { DATE, text } from '../core/takes';

/** Which backup is restored, unless another one is named when the restore is started. */
export class RestorePoint {
  /** The newest backup that is not suspect. */
  public static readonly LATEST = new RestorePoint('latest', null);

  /**
   * One certain backup.
   *
   * @param backupId as `cdk8s-backup list` shows it: `whispercache_20261122_020000`
   */
  public static named(backupId: string): RestorePoint {
    at('RestorePoint.named', () => checkId(backupId));
    return new RestorePoint(backupId, null);
  }

  /**
   * The newest backup that was started at a point in time or before, and is not suspect: for damage that is known to have begun
   * later.
   */
  public static notAfter(time: Date): RestorePoint {
    at('RestorePoint.notAfter', () => checkTime(time));
    return new RestorePoint('latest', time.toISOString());
  }

  private constructor(
    /**
     * @internal
     */
    public readonly _backup: string,
    /**
     * @internal
     */
    public readonly _notAfter: string | null,
  ) {}
}

function checkId(backupId: string): void {
  checkValue('backupId', backupId, needed(text('orders_20261122_020000')));
  if (parseKey(backupId)?.id !== backupId) {
    throw new Error(`'backupId' must be NAME_YYYYMMDD_HHMMSS, got ${show(backupId)}: "cdk8s-backup list" shows the ids`);
  }
}

function checkTime(time: Date): void {
  checkValue('time', time, needed(DATE));
  if (Number.isNaN(time.getTime())) throw new Error(`'time' must be a date, got an invalid one: ${DATE.example}`);
}
