import { checkText } from '../core/check';
import { checkValue } from '../core/form';
import { at } from '../core/located';
import { text } from '../core/takes';

/** What starts a restore. */
export class RestoreTrigger {
  /**
   * A person does, with `kubectl create job --from=cronjob/NAME`: what is applied is a template, a CronJob that is suspended and has no
   * time at which it could run. Git may sync it a hundred times, and nothing happens.
   */
  public static readonly TEMPLATE = new RestoreTrigger('template', null);

  /**
   * Applying the manifest does, once: what was restored is noted in a ConfigMap of the namespace, `NAME-restored`. Later Jobs find that,
   * such as that of another image, say when it was restored, and change nothing. Another restore point is restored, and so is the same one with another
   * `id`. When the namespace is lost, the note is lost with it, and applying the manifest restores again.
   *
   * The chart needs a namespace, and the pod reaches the API server.
   *
   * @param id names this restore, such as `after-the-migration`. By default there is one restore of each restore point.
   */
  public static onApply(id?: string): RestoreTrigger {
    at('RestoreTrigger.onApply', () => checkId(id));
    return new RestoreTrigger('on-apply', id ?? null);
  }

  private constructor(
    /**
     * @internal
     */
    public readonly _kind: 'template' | 'on-apply',
    /**
     * @internal
     */
    public readonly _id: string | null,
  ) {}
}

function checkId(id: string | undefined): void {
  checkValue('id', id, text('after-the-migration'));
  if (id !== undefined) checkText('id', id);
}
