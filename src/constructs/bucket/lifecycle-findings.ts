/** Something about a lifecycle configuration that the provider refuses, or that is legal but unwise. */
export interface Finding {
  /** Number in the table of rules in the README. */
  readonly rule: number;
  readonly level: 'error' | 'warning';
  readonly text: string;
}

export function error(rule: number, text: string): Finding {
  return { rule, level: 'error', text };
}

export function warning(rule: number, text: string): Finding {
  return { rule, level: 'warning', text };
}

export function showFinding({ rule, level, text }: Finding): string {
  return `[${rule}] ${level}: ${text}`;
}
