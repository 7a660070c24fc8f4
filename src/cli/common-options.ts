import { isAbsolute, join } from 'node:path';
import { type Command, Option } from 'commander';

/** The options that every command takes, before or after its name. */
export interface CommonOptions {
  directory?: string;
  json?: true;
  quiet?: true;
  verbose?: true;
}

const heading = 'Common options:';

/** Adds them to a command, and --help, under a heading of their own. */
export function addCommonOptions(command: Command): void {
  const options = [
    new Option(
      '-C, --directory <dir>',
      'work in this directory; of several, each is relative to the one before',
    ).argParser((value: string, before?: string) => (before === undefined ? value : joined([before, value]))),
    new Option('--json', 'print the result as one JSON document'),
    new Option('-q, --quiet', 'show no progress, only warnings and errors').conflicts('verbose'),
    new Option('-v, --verbose', 'show log lines, requests over HTTP, and causes of errors'),
  ];
  command.addHelpOption(new Option('-h, --help', 'print this help').helpGroup(heading));
  for (const option of options) command.addOption(option.helpGroup(heading));
}

/** True for an option that {@link addCommonOptions} has added. */
export function isCommonOption(option: Option): boolean {
  return option.helpGroupHeading === heading;
}

/** Their values, wherever on the command line they stood. */
export function commonOptions(command: Command): CommonOptions {
  const { json, quiet, verbose } = command.optsWithGlobals<CommonOptions>();
  // Each is relative to the one before it, as git has it: -C a -C b is -C a/b.
  const directories = lineage(command).flatMap((one) => one.opts<CommonOptions>().directory ?? []);
  const directory = directories.length === 0 ? undefined : joined(directories);
  return {
    ...(directory === undefined ? {} : { directory }),
    ...(json === undefined ? {} : { json }),
    ...(quiet === undefined ? {} : { quiet }),
    ...(verbose === undefined ? {} : { verbose }),
  };
}

function joined(directories: readonly string[]): string {
  return directories.reduce((before, next) => (isAbsolute(next) ? next : join(before, next)));
}

/** A command and those above it, from the program on. */
function lineage(command: Command): Command[] {
  return [...(command.parent === null ? [] : lineage(command.parent)), command];
}
