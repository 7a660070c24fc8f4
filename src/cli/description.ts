import type { Argument, Command, Option } from 'commander';
import { isCommonOption } from './common-options.ts';

export interface Example {
  /** A command line as typed, starting with `cosa`. A test parses each. */
  run: string;
  /** What it does, as a clause: "build the container of another directory". */
  does: string;
}

interface ArgumentDescription {
  /** As shown in a synopsis: "<platform...>", "[dir]". */
  term: string;
  description: string;
  choices: readonly string[];
}

export interface OptionDescription {
  /** As declared: "-b, --branch <name>". */
  flags: string;
  names: readonly string[];
  description: string;
  takesValue: boolean;
  /** True for one that must be given. */
  mandatory: boolean;
  choices: readonly string[];
  /** Its value where it is not given, as text. */
  defaultValue: string | undefined;
  /** True for those that every command has. */
  common: boolean;
}

/** A command as plain data: what completion, manual pages and the reference are made from. */
export interface CommandDescription {
  /** The words after `cosa`, empty for the program itself. */
  path: readonly string[];
  summary: string;
  description: string;
  arguments: readonly ArgumentDescription[];
  options: readonly OptionDescription[];
  examples: readonly Example[];
  children: readonly CommandDescription[];
}

/** Describes a command tree that is loaded as a whole. */
export function describeCommand(
  command: Command,
  examplesOf: (command: Command) => readonly Example[],
  path: readonly string[] = [],
): CommandDescription {
  return {
    path,
    summary: command.summary(),
    description: command.description(),
    arguments: command.registeredArguments.map(describeArgument),
    options: command.createHelp().visibleOptions(command).map(describeOption),
    examples: examplesOf(command),
    children: command.commands.map((child) => describeCommand(child, examplesOf, [...path, child.name()])),
  };
}

/** The command and all below it, each before its children. */
export function flatten(command: CommandDescription): CommandDescription[] {
  return [command, ...command.children.flatMap(flatten)];
}

/** "cosa image build <platform...> [options]" */
export function synopsis(command: CommandDescription): string {
  const demanded = command.options.flatMap(({ mandatory, flags }) => (mandatory ? [flags] : []));
  const words = ['cosa', ...command.path, ...demanded, ...command.arguments.map(({ term }) => term)];
  return [...words, command.children.length > 0 ? '<command>' : '[options]'].join(' ');
}

function describeArgument(argument: Argument): ArgumentDescription {
  const name = argument.name() + (argument.variadic ? '...' : '');
  return {
    term: argument.required ? `<${name}>` : `[${name}]`,
    description: argument.description,
    choices: argument.argChoices ?? [],
  };
}

function describeOption(option: Option): OptionDescription {
  const value: unknown = option.defaultValue;
  return {
    flags: option.flags,
    names: [option.short, option.long].filter((name) => name !== undefined),
    description: option.description,
    mandatory: option.mandatory,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    defaultValue: value === undefined ? undefined : (option.defaultValueDescription ?? String(value)),
    common: isCommonOption(option),
  };
}
