import { LIFECYCLE_RULES, LifecycleErrorRule, LifecycleRuleName, LifecycleWarningRule } from '../../contract/lifecycle-rules';

/** Something about a lifecycle configuration that the provider refuses, or that is legal but unwise. */
export interface LifecycleFinding {
  readonly rule: LifecycleRuleName;
  readonly level: 'error' | 'warning';
  readonly text: string;
}

export function error(rule: LifecycleErrorRule, text: string): LifecycleFinding {
  return { rule, level: 'error', text };
}

export function warning(rule: LifecycleWarningRule, text: string): LifecycleFinding {
  return { rule, level: 'warning', text };
}

export function showFinding({ rule, level, text }: LifecycleFinding): string {
  return `[${LIFECYCLE_RULES[rule].number}] ${level}: ${text}`;
}
