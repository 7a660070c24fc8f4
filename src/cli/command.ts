import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { Command as UntypedCommand } from 'commander';
import type { Json } from '../lib/canonical-json.ts';
import type { ExitStatus } from '../lib/exit-status.ts';
import type { RegistryOptions } from '../oci/registries.ts';
import type { Context } from './context.ts';
import type { Example } from './description.ts';
import { addRegistryOptions, registryOptions } from './registry-options.ts';
import type { Showable } from './render/shown.ts';

/** What a command hands back, to be printed on stdout once the progress view is closed. */
export interface CommandResult {
  /**
   * For people, without final newline; nothing is printed if empty. A string is one line, and escaped: what has lines or
   * colours of ours is made with `line`, `lines`, `table` and `context.style`.
   */
  text: Showable;
  /** The same for programs, printed as one document with --json: plain data, whether or not its type says so. */
  json: Json | object;
  /** For a command that did its work and has bad news, such as failed tests; 0 unless given. */
  exitStatus?: ExitStatus;
}

interface CommandDeclaration<Args extends unknown[], Options extends OptionValues> {
  /** What the command does, reads and leaves behind, in a few sentences; for --help and the manual page. */
  description: string;
  /** Declares arguments and options; their types follow from it. */
  configure: (command: Command) => Command<Args, Options>;
  /** At least one, shown by --help and in the manual page. */
  examples: readonly [Example, ...Example[]];
  /** For a command that must be root, at least of a user namespace, with some or all options: it is entered before `run`. */
  namespace?: true | ((options: Options) => boolean);
  /** True for a command that takes references: it gets the options by which registries are reached. */
  registries?: true;
  /** True for a command that keeps what it has finished: interrupted and run again, it goes on from there. */
  resumes?: true;
  run: (context: Context, args: Args, options: Options) => Promise<CommandResult>;
}

/** What has to be there before a command's work can begin. */
export interface Needs {
  namespace: boolean;
  registries: RegistryOptions;
}

type Run = (context: Context) => Promise<CommandResult>;

/** A declared command, its argument types forgotten: what the command tree is made of. */
export interface CommandModule {
  readonly description: string;
  readonly examples: readonly Example[];
  readonly resumes: boolean;
  /** Adds arguments and options to `command`; when it is parsed, `execute` gets the work to do. */
  attach(command: Command, execute: (run: Run, needs: Needs) => Promise<void>): void;
}

/** Declares a command. Each file in `commands/` exports one, and `commands.ts` lists it. */
export function defineCommand<Args extends unknown[], Options extends OptionValues>(
  declaration: CommandDeclaration<Args, Options>,
): CommandModule {
  const { description, examples, namespace = false, registries = false, resumes = false } = declaration;
  return {
    description,
    examples,
    resumes,
    attach(command, execute) {
      const configured = declaration.configure(command);
      // The untyped command is the same object.
      const untyped = configured as unknown as UntypedCommand;
      if (registries) addRegistryOptions(untyped);
      configured.action(() =>
        execute((context) => declaration.run(context, configured.processedArgs, configured.opts()), {
          namespace: typeof namespace === 'function' ? namespace(configured.opts()) : namespace,
          registries: registryOptions(untyped),
        }),
      );
    },
  };
}
