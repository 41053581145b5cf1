/*
 * Writes docs/reference/command-line.md from the commands of the program: `npx tsx test/docs/command-line.ts`. command-line.test.ts fails where that
 * was forgotten.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Argument, Command, Option } from 'commander';
import { table } from './printed';
import { CONFIG_ENV } from '../../src/contract/config';
import { commandLine } from '../../src/runner/command-line';
import { JOB_ENV, MANIFEST_ENV } from '../../src/runner/config/load';
import { ROOT } from '../pages';

export const FILE = path.join(ROOT, 'docs', 'reference', 'command-line.md');

/** What there is to know of a command beyond what `--help` says, in Markdown. */
export const MORE: Readonly<Record<string, string>> = {
  serve: 'This is the [exporter](../how-to/alerts-and-exporter.md).',
  verify: 'The result is noted in each store, unless `--no-record` says otherwise.',
  prune: '`--dry-run` tells of each thing why it stays or goes.',
  pin: 'It fails with the date where the bucket\'s own lifecycle deletes all copies.',
  hold: 'It also stops a prune that runs: at most the 8 backups go that this is removing.',
  fetch: 'A file appears only if its digest is right. A damaged copy in one store is replaced by that of the next.',
  restore: '[How to restore](../how-to/restore.md) has complete examples.',
  drill: '[How to rehearse restores](../how-to/drills.md) has an example.',
  metrics: 'They are for a node exporter\'s text file collector.',
};

const INTRODUCTION = `<!-- Written by \`npx tsx test/docs/command-line.ts\` from src/runner/command-line.ts. -->

# Commands

With this page you find every command of \`cdk8s-backup\`, with its arguments, options and defaults.

[How to use the command line](../how-to/command-line.md) shows it at work. The [exit codes](exit-codes.md) say how a command has ended, and
[JSON outputs](json-outputs.md) what \`--json\` prints.`;

export function commandLinePage(): string {
  const commands = leaves(program());
  const common = commonOptions(commands.map(({ command }) => command));
  return [
    INTRODUCTION,
    table(['command', ''], commands.map(({ name, command }) => [`[\`${name}\`](#${name.replaceAll(' ', '-')})`, command.description()])),
    '## Where the config comes from',
    `Without these options it comes from the environment variable \`${CONFIG_ENV}\`, as in a pod. Without that, \`${MANIFEST_ENV}\` and \`${JOB_ENV}\` take the
place of \`--manifest\` and \`--job\`. All commands below take these options, unless they say otherwise.`,
    table(['option', 'meaning', 'default'], common.map(optionRow)),
    ...commands.flatMap(({ name, command }) => section(name, command, common)),
  ].join('\n\n') + '\n';
}

/** Nothing is executed: the commands are only looked at. */
export function program(): Command {
  return commandLine({} as never, {} as never);
}

export function leaves(parent: Command, before = ''): { readonly name: string; readonly command: Command }[] {
  return parent.commands.flatMap(command => {
    const name = before + command.name();
    return command.commands.length === 0 ? [{ name, command }] : leaves(command, `${name} `);
  });
}

/** Those that most commands have, each with the same words. */
function commonOptions(commands: readonly Command[]): readonly Option[] {
  const most = commands.find(command => command.options.some(({ long }) => long === '--config'));
  return most!.options.filter(option => commands.filter(command => has(command, option)).length > commands.length / 2);
}

const has = ({ options }: Command, { flags, description }: Option) => options.some(each => each.flags === flags && each.description === description);

function section(name: string, command: Command, common: readonly Option[]): string[] {
  const isCommon = (option: Option) => common.some(each => each.flags === option.flags && each.description === option.description);
  const rows = [...command.registeredArguments.map(argumentRow), ...command.options.filter(option => !isCommon(option)).map(optionRow)];
  const missing = common.filter(({ long }) => !command.options.some(each => each.long === long)).map(({ long }) => `\`${long}\``);
  return [
    `## ${name}`,
    `${sentence(command.description())}${MORE[name] === undefined ? '' : ` ${MORE[name]}`}`,
    ...rows.length === 0 ? [] : [table(['argument or option', 'meaning', 'default'], rows)],
    ...missing.length === 0 ? [] : [`It does not take ${missing.join(', ')}.`],
  ];
}

function argumentRow(argument: Argument): string[] {
  const name = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
  return [`\`${name}\``, argument.description, defaultOf(argument.defaultValue as unknown)];
}

function optionRow(option: Option): string[] {
  return [`\`${option.flags}\``, option.mandatory ? `${option.description}; required` : option.description, option.negate ? '' : defaultOf(option.defaultValue as unknown)];
}

/** A flag that is off, and a list with nothing in it, are no default worth a word. */
function defaultOf(value: unknown): string {
  return value === undefined || value === false || (Array.isArray(value) && value.length === 0) ? '' : `\`${String(value)}\``;
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

if (require.main === module) writeFileSync(FILE, commandLinePage());
