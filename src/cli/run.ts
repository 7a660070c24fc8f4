import { chdir } from 'node:process';
import { CommanderError } from 'commander';
import { type Json, prettyJson } from '../lib/canonical-json.ts';
import { isSystemError, usageError } from '../lib/errors.ts';
import { exitStatus } from '../lib/exit-status.ts';
import { printableJson } from '../lib/printable.ts';
import { createRegistries } from '../oci/registry.ts';
import { createPipeline } from '../progress/step.ts';
import type { StoreEnvironment } from '../publish/store-environment.ts';
import type { CommandResult } from './command.ts';
import type { CommonOptions } from './common-options.ts';
import type { CommandDescription } from './description.ts';
import { errorJson, errorText, presentable } from './errors.ts';
import { type InputStream, inputFrom } from './input.ts';
import { buildProgram, describeProgram, type Invocation, type ProgramHost, requireCommand } from './program.ts';
import { viewFor } from './render/choose.ts';
import { line, terminalText } from './render/shown.ts';
import { styleFor } from './render/style.ts';
import type { ViewStream } from './render/view.ts';

/** The world around a command line: the process's own, or a test's. */
export interface CommandLineHost {
  /** Called only by commands that read it. */
  stdin: () => InputStream;
  stdout: ViewStream;
  stderr: ViewStream;
  environment: NodeJS.ProcessEnv;
  /** Aborted when the user interrupts. */
  signal: AbortSignal;
  /** A clock in milliseconds that only goes forward. */
  now: () => number;
}

/**
 * Understands a command line, does what it says and prints the result.
 * @param args without the program's name
 * @returns the exit status (see `exitStatus`); errors are printed, never thrown
 */
export async function runCommandLine(args: readonly string[], host: CommandLineHost): Promise<number> {
  let status: number = exitStatus.ok;
  // Known for certain once the command line is parsed; until then an error shall honour the flag too.
  let common: CommonOptions = args.includes('--json') ? { json: true } : {};
  let resumes = false;
  const programHost: ProgramHost = {
    writeOut: (text) => host.stdout.write(text),
    writeErr: (text) => host.stderr.write(text),
    execute: async (invocation) => {
      common = invocation.common;
      resumes = invocation.resumes;
      status = await execute(invocation, host, () => describeProgram(programHost));
    },
  };
  try {
    const program = buildProgram(programHost);
    const words = args[0] === 'help' ? [...args.slice(1), '--help'] : [...args];
    if (words.some((word) => word === '--help' || word === '-h')) requireCommand(buildProgram(programHost), words);
    await program.parseAsync(words, { from: 'user' });
    return status;
  } catch (error) {
    return report(error, { common, resumes }, host);
  }
}

async function execute(
  invocation: Invocation,
  host: CommandLineHost,
  describe: () => Promise<CommandDescription>,
): Promise<number> {
  const { common, needs, run } = invocation;
  if (needs.namespace && process.getuid?.() !== 0) {
    const status = await enterNamespace();
    if (status !== undefined) return status;
  }
  enterDirectory(common.directory);
  const view = viewFor(host.stderr, host.environment, {
    style: styleFor(host.stderr, host.environment),
    quiet: common.quiet === true,
    verbose: common.verbose === true,
    now: host.now,
  });
  const stores: StoreEnvironment = {
    environment: host.environment,
    warn: (message) => view.events({ type: 'warning', message, hint: undefined }),
    log: common.verbose === true ? (line) => view.events({ type: 'log', line }) : undefined,
  };
  await using registries = createRegistries(needs.registries, stores);
  try {
    const result = await run({
      directory: process.cwd(),
      ...createPipeline(view.events, host.signal),
      registries,
      stores,
      json: common.json === true,
      quiet: common.quiet === true,
      verbose: common.verbose === true,
      style: styleFor(host.stdout, host.environment),
      input: inputFrom(host.stdin, host.stderr, host.signal),
      environment: host.environment,
      registryOptions: needs.registries,
      describe,
    });
    view.close();
    printResult(result, common, host);
    return result.exitStatus ?? exitStatus.ok;
  } finally {
    view.close();
  }
}

/** Runs the command line once more, as root of a namespace; `undefined` if we are in one already. */
async function enterNamespace(): Promise<number | undefined> {
  // Loaded only where it is needed: starting programs takes a module that takes long to load. In a function of its own:
  // beside an `await using` the compiler leaves the import's extension as it stands here.
  const { reenterAsNamespaceRoot } = await import('../exec/namespace.ts');
  return reenterAsNamespaceRoot(process.argv.slice(1));
}

function enterDirectory(directory: string | undefined): void {
  if (directory === undefined) return;
  try {
    chdir(directory);
  } catch (error) {
    const what = isSystemError(error, 'ENOTDIR') ? 'this is no directory' : 'there is no such directory';
    throw usageError('DIRECTORY_MISSING', `-C ${directory}: ${what}`, { cause: error });
  }
}

function printResult(result: CommandResult, common: CommonOptions, host: CommandLineHost): void {
  const text = terminalText(result.text);
  if (common.json) host.stdout.write(printableJson(prettyJson(result.json as Json)));
  else if (text !== '') host.stdout.write(`${text}\n`);
}

/** @param resumes whether the command, run again, goes on from where it was interrupted */
function report(
  thrown: unknown,
  { common, resumes }: { common: CommonOptions; resumes: boolean },
  host: CommandLineHost,
): number {
  const style = styleFor(host.stderr, host.environment);
  if (host.signal.aborted) {
    const kept = resumes
      ? 'finished work is kept; the same command goes on from there'
      : 'the same command begins anew';
    host.stderr.write(`${terminalText(line`${style.yellow('interrupted:')} ${kept}`)}\n`);
    return exitStatus.failed;
  }
  // Thrown once help or version is printed; a status other than 0 says that nobody asked for it.
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return exitStatus.ok;
    const error = usageError('COMMAND_LINE', 'no command is given', { hint: 'see cosa --help' });
    if (common.json) host.stdout.write(printableJson(prettyJson(errorJson(error))));
    return exitStatus.usage;
  }
  const error = presentable(thrown);
  host.stderr.write(`${errorText(error, style, common.verbose === true)}\n`);
  if (common.json) host.stdout.write(printableJson(prettyJson(errorJson(error))));
  return error.exitStatus;
}
