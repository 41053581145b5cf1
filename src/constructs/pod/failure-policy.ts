import { PERMANENT } from '../../contract/exit-code';

/** What the Job does about a failed pod: part of the Job's spec that cdk8s-plus does not have. The first rule that fits decides. */
export function podFailurePolicy(containerName: string) {
  return {
    rules: [
      // A drained or preempted node says nothing about the backup: try again, and don't count it.
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      // A retry can't help and would only hide the failure for longer.
      { action: 'FailJob', onExitCodes: { containerName, operator: 'In', values: [...PERMANENT] } },
    ],
  };
}
