import type { Command as TypedCommand } from '@commander-js/extra-typings';
import { Command, type CommanderError } from 'commander';
import { type CosaError, usageError } from '../lib/errors.ts';
import type { CommandModule, CommandResult, Needs } from './command.ts';
import { type CommandEntry, commandFamilies, commands } from './commands.ts';
import { addCommonOptions, type CommonOptions, commonOptions } from './common-options.ts';
import type { Context } from './context.ts';
import { type CommandDescription, describeCommand } from './description.ts';
import { examplesText } from './help.ts';
import { commandHint } from './suggestions.ts';
import { versionFlags, versionLine } from './version.ts';

/** A command line that has been understood: what to do, and how it shall be shown. */
export interface Invocation {
  common: CommonOptions;
  needs: Needs;
  /** Whether the command, run again after an interruption, goes on from there. */
  resumes: boolean;
  run: (context: Context) => Promise<CommandResult>;
}

/** Where help goes, and the work of the command that is chosen. */
export interface ProgramHost {
  writeOut: (text: string) => void;
  writeErr: (text: string) => void;
  execute: (invocation: Invocation) => Promise<void>;
}

/**
 * The command tree. Commands are named and summed up in it, but loaded only when one is chosen (or
 * {@link describeProgram} asks for all): most of a short command's time would go into reading modules it
 * does not use.
 */
export function buildProgram(host: ProgramHost): Command {
  const program = new Command('cosa')
    .description('A container-native assembler for CoreOS-like operating systems.')
    .version(versionLine, versionFlags.join(', '), 'print the version')
    // `cosa help X` is rewritten to `cosa X --help`, which loads X; commander's own would not.
    .helpCommand(false);
  prepare(program, host);
  addCommonOptions(program);
  for (const entry of commands) {
    const path = entry.name.split(' ');
    const name = path.pop() ?? '';
    let family = program;
    for (const index of path.keys()) family = familyCommand(family, path.slice(0, index + 1), host);
    const command = family.command(name).summary(entry.summary);
    if (family === program) command.helpGroup(`${entry.group}:`);
    prepare(command, host);
    entries.set(command, entry);
  }
  program.addHelpText('after', '\nRun `cosa COMMAND --help` for options and examples.');
  return program;
}

/** What is still to be loaded, and what has been. */
const entries = new WeakMap<Command, CommandEntry>();
const modules = new WeakMap<Command, CommandModule>();

/** The whole tree as data. */
export async function describeProgram(host: ProgramHost): Promise<CommandDescription> {
  const program = buildProgram(host);
  await loadAll(program, host);
  return describeCommand(program, (command) => modules.get(command)?.examples ?? []);
}

async function loadAll(command: Command, host: ProgramHost): Promise<void> {
  await loadCommand(command, host);
  for (const child of command.commands) await loadAll(child, host);
}

/** Loads a command's declaration into its place in the tree; nothing happens for a family of commands. */
async function loadCommand(command: Command, host: ProgramHost): Promise<void> {
  const entry = entries.get(command);
  if (entry === undefined) return;
  entries.delete(command);
  const module = await entry.load();
  modules.set(command, module);
  command.description(module.description);
  command.addHelpText('after', () => examplesText(module.examples));
  // The untyped command is the same object: extra-typings only adds types.
  module.attach(command as unknown as TypedCommand, (run, needs) =>
    host.execute({ common: commonOptions(command), needs, resumes: module.resumes, run }),
  );
  // After the command's own, so that --help shows those first.
  addCommonOptions(command);
}

/** The error to show for one of commander's, which names the command that found it. */
function commandLineError(error: CommanderError, command: Command): CosaError {
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const unknown = /^unknown command '(.*)'$/.exec(message)?.[1];
  if (unknown !== undefined) return unknownCommand(unknown, command);
  // What is missing shows best where it is there.
  const [example] = error.code === 'commander.missingArgument' ? (modules.get(command)?.examples ?? []) : [];
  const help = `see ${words(command)} --help`;
  const hint = example === undefined ? help : `for example: ${example.run}; ${help}`;
  return usageError('COMMAND_LINE', message, { hint: suggestionHint(suggestion) ?? hint });
}

/** The command as typed: "cosa image build". */
function words(command: Command): string {
  return command.parent === null ? command.name() : `${words(command.parent)} ${command.name()}`;
}

function suggestionHint(suggestion: string | undefined): string | undefined {
  const meant = /^\(Did you mean (.*)\?\)$/.exec(suggestion ?? '')?.[1];
  return meant === undefined ? undefined : `did you mean ${meant}?`;
}

function unknownCommand(word: string, command: Command): CosaError {
  const path = words(command).split(' ').slice(1);
  const names = commands.map(({ name }) => name);
  const hint = commandHint(path, word, names) ?? `see ${words(command)} --help`;
  return usageError('COMMAND_LINE', `unknown command '${word}'`, { hint });
}

/**
 * Refuses words that are no command: commander itself, asked for help, would not look at them.
 * @throws CosaError `COMMAND_LINE` (exit 2)
 */
export function requireCommand(program: Command, args: readonly string[]): void {
  let command = program;
  let rest = [...args];
  while (command.commands.length > 0) {
    const { operands, unknown } = command.parseOptions(rest);
    const [word] = operands;
    if (word === undefined) return;
    const chosen = command.commands.find((child) => child.name() === word);
    if (chosen === undefined) throw unknownCommand(word, command);
    command = chosen;
    rest = unknown;
  }
}

function prepare(command: Command, host: ProgramHost): void {
  command
    .enablePositionalOptions()
    .exitOverride((error) => {
      // Help and version end the program this way, too: those pass on as they are.
      if (error.code === 'commander.help' || error.exitCode === 0) throw error;
      throw commandLineError(error, command);
    })
    .configureHelp({ subcommandTerm, subcommandDescription })
    .configureOutput({ writeOut: host.writeOut, writeErr: host.writeErr, outputError: () => undefined })
    .hook('preSubcommand', (_parent, chosen) => loadCommand(chosen, host));
}

/** A family with one member stands in the list as that member: "image build". */
function subcommandTerm(command: Command): string {
  const [only, ...others] = command.commands;
  if (only === undefined) return command.name();
  return `${command.name()} ${others.length === 0 ? only.name() : '<command>'}`;
}

function subcommandDescription(command: Command): string {
  const [only, ...others] = command.commands;
  return only !== undefined && others.length === 0 ? only.summary() : command.summary();
}

/** @param path the words of the family, of which all but the last are its parent's */
function familyCommand(parent: Command, path: readonly string[], host: ProgramHost): Command {
  const name = path.at(-1) ?? '';
  const existing = parent.commands.find((command) => command.name() === name);
  if (existing !== undefined) return existing;
  const family = parent.command(name).helpCommand(false);
  const description = commandFamilies[path.join(' ')];
  if (description === undefined) throw new Error(`commands.ts lists no family "${path.join(' ')}"`);
  const sentence = `${description.summary.charAt(0).toUpperCase()}${description.summary.slice(1)}.`;
  family.summary(description.summary).description(sentence);
  if (path.length === 1) family.helpGroup(`${description.group}:`);
  prepare(family, host);
  addCommonOptions(family);
  return family;
}
