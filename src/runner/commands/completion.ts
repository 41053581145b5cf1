/*
 * Scripts with which a shell completes command lines. All that they know is in the commands and options as commander has them, so that none is forgotten.
 */
import { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = typeof SHELLS[number];

/** A command that can be typed: `list`, `lifecycle diff`. */
interface Typed {
  readonly words: readonly string[];
  readonly description: string;
  readonly options: readonly Option[];
  /** What its argument may be, where that is one of some words. */
  readonly choices: readonly string[];
}

/** The script for a shell, to be read by it: `source <(cdk8s-backup completion bash)`. */
export function completionScript(shell: Shell, program: Command): string {
  const commands = typedIn(program);
  switch (shell) {
    case 'bash': return bash(commands);
    case 'zsh': return zsh(commands);
    case 'fish': return fish(commands);
  }
}

function typedIn(command: Command, before: readonly string[] = []): Typed[] {
  return command.commands.flatMap(each => {
    const words = [...before, each.name()];
    const choices = each.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
    return [{ words, description: each.description(), options: each.createHelp().visibleOptions(each), choices }, ...typedIn(each, words)];
  });
}

/** What may stand at this place, below the words before. */
function wordsAfter(commands: readonly Typed[], before: readonly string[]): readonly Typed[] {
  return commands.filter(({ words }) => words.length === before.length + 1 && before.every((word, i) => word === words[i]));
}

function isParent(commands: readonly Typed[], { words }: Typed): boolean {
  return wordsAfter(commands, words).length > 0;
}

/** What comes behind an option: one of some words, a file, or what nobody can guess. */
function valueOf({ argChoices, flags }: Option): readonly string[] | 'file' | 'text' | null {
  if (argChoices) return argChoices;
  if (/<(file|directory)>$/.test(flags)) return 'file';
  return /[>\]]$/.test(flags) ? 'text' : null;
}

function bash(commands: readonly Typed[]): string {
  const options = [...new Map(commands.flatMap(each => each.options).map(option => [option.long!, option])).values()];
  const choices = options.flatMap(option => {
    const value = valueOf(option);
    return typeof value === 'object' && value !== null ? [`    ${option.long}) COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$cur")); return ;;`] : [];
  });
  const free = options.filter(option => ['file', 'text'].includes(valueOf(option) as string)).map(({ long }) => long);
  const patterns = commands.map(command => isParent(commands, command)
    ? `    '2 ${command.words.join(' ')}'*) words='${wordsAfter(commands, command.words).map(({ words }) => words.at(-1)).join(' ')} --help' ;;`
    : `    *' ${command.words.join(' ')} '*) words='${[...command.choices, ...command.options.map(({ long }) => long)].join(' ')}' ;;`);
  return `# bash completion of cdk8s-backup: source <(cdk8s-backup completion bash)
_cdk8s_backup() {
  local cur=\${COMP_WORDS[COMP_CWORD]} words=
  COMPREPLY=()
  case \${COMP_WORDS[COMP_CWORD-1]} in
${choices.join('\n')}
    ${free.join('|')}) return ;; # a file, which bash completes itself
  esac
  case "$COMP_CWORD \${COMP_WORDS[*]:1:2} " in
    '1 '*) words='${wordsAfter(commands, []).map(({ words }) => words[0]).join(' ')} --help --version' ;;
${patterns.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _cdk8s_backup cdk8s-backup
`;
}

function zsh(commands: readonly Typed[]): string {
  const described = (all: readonly Typed[]) => all.map(({ words, description }) => single(`${words.at(-1)}:${description}`)).join(' ');
  const specs = ({ options }: Typed) => options.map(option => {
    const value = valueOf(option);
    const behind = value === null ? '' : value === 'file' ? ':file:_files' : value === 'text' ? ': : ' : `:value:(${value.join(' ')})`;
    return single(`*${option.long}[${option.description.replace(/[[\]:\\]/g, '\\$&')}]${behind}`);
  }).join(' ');
  const patterns = commands.map(command => isParent(commands, command)
    ? `    '3 ${command.words.join(' ')}'*) these=(${described(wordsAfter(commands, command.words))}); _describe command these ;;`
    : `    *' ${command.words.join(' ')} '*) shift ${command.words.length} words; (( CURRENT -= ${command.words.length} )); _arguments ${specs(command)} '*: :(${command.choices.join(' ')})' ;;`);
  return `#compdef cdk8s-backup
# zsh completion of cdk8s-backup: source <(cdk8s-backup completion zsh), or this in a file _cdk8s-backup in a folder of $fpath
_cdk8s-backup() {
  local -a these
  case "$CURRENT $words[2] $words[3] " in
    '2 '*) these=(${described(wordsAfter(commands, []))}); _describe command these ;;
${patterns.join('\n')}
  esac
}
if [ "$funcstack[1]" = _cdk8s-backup ]; then _cdk8s-backup "$@"; else compdef _cdk8s-backup cdk8s-backup; fi
`;
}

function fish(commands: readonly Typed[]): string {
  const lines = commands.flatMap(command => {
    const { words, description, options, choices } = command;
    const before = words.slice(0, -1);
    const siblings = wordsAfter(commands, before).map(each => each.words.at(-1)).join(' ');
    const none = `not __fish_seen_subcommand_from ${siblings}`;
    const here = before.length === 0 ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${before.at(-1)}; and ${none}`;
    const seen = words.map(word => `__fish_seen_subcommand_from ${word}`).join('; and ');
    return [
      `complete -c cdk8s-backup -n ${single(here)} -a ${words.at(-1)} -d ${single(description)}`,
      ...choices.length === 0 ? [] : [`complete -c cdk8s-backup -n ${single(seen)} -a ${single(choices.join(' '))}`],
      ...isParent(commands, command) ? [] : options.map(option => {
        const value = valueOf(option);
        const behind = value === null ? '' : value === 'file' ? ' -r -F' : value === 'text' ? ' -x' : ` -x -a ${single(value.join(' '))}`;
        return `complete -c cdk8s-backup -n ${single(seen)} -l ${option.long!.slice(2)}${behind} -d ${single(option.description)}`;
      }),
    ];
  });
  return `# fish completion of cdk8s-backup: cdk8s-backup completion fish | source
complete -c cdk8s-backup -f
${lines.join('\n')}
`;
}

/** As one word of a shell. What fish reads within single quotes beside them, a backslash, stands nowhere in our texts. */
function single(text: string): string {
  return `'${text.replaceAll('\'', '’')}'`;
}
