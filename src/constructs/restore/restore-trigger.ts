/** What starts a restore. */
export class RestoreTrigger {
  /**
   * A person does, with `kubectl create job --from=cronjob/NAME`: what is applied is a template, a CronJob that is suspended and has no
   * time at which it could run. Git may sync it a hundred times, and nothing happens.
   */
  public static readonly TEMPLATE = new RestoreTrigger('template');

  /**
   * Applying the manifest does: a Job, whose name ends in a hash of its spec, so that it runs once for every change of it.
   *
   * Another image is a change, and so is what another version of this library writes: take the restore out of the app when it is done.
   * Whatever deletes the Job and applies the manifest again restores a second time. So it is never removed by a time limit, and is
   * none for a folder that Git syncs.
   */
  public static onApply(): RestoreTrigger {
    return new RestoreTrigger('on-apply');
  }

  private constructor(
    /**
     * @internal
     */
    public readonly _kind: 'template' | 'on-apply',
  ) {}
}
