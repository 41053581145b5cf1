import { RecoveryArithmetic } from './arithmetic';
import { problemsOf, warningsAbout } from './problems';
import { RecoveryReport } from './recovery-report';

/** What one backup is good for: the arithmetic of recovery, and what doesn't add up. */
export class Recovery extends RecoveryArithmetic {
  public report(warnings: readonly string[]): RecoveryReport {
    const { props, gaps } = this;
    const retention = this.retentionSeconds();
    return {
      backupName: props.backupName,
      cronJobName: props.cronJobName,
      schedule: props.schedule,
      timeZone: props.timeZone,
      longestGapSeconds: gaps?.longestSeconds,
      longestGapFrom: gaps?.longestFrom?.toISOString(),
      longestGapTo: gaps?.longestTo?.toISOString(),
      startingDeadlineSeconds: props.startingDeadlineSeconds,
      activeDeadlineSeconds: props.deadlineSeconds,
      worstDataAgeSeconds: this.worstDataAgeSeconds,
      worstDataAgeAfterFailureSeconds: gaps && this.worstDataAgeSeconds! + gaps.longestSeconds,
      retentionSeconds: retention === Infinity ? undefined : retention,
      noticeSeconds: props.objectives && this.noticeSeconds(),
      restoreHorizonSeconds: props.objectives && this.horizonSeconds(),
      scenarios: this.promises().map(promise => this.scenario(promise)),
      warnings: [...warnings],
    };
  }

  /** Everything that keeps the objectives from being held, each with its arithmetic. */
  public problems(): string[] {
    return problemsOf(this);
  }

  /** What is legal but unwise. */
  public warnings(): string[] {
    return warningsAbout(this);
  }
}
