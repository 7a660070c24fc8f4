import type { RegistryOptions } from '../oci/registries.ts';
import type { Session } from '../workspace/session.ts';
import type { CommandDescription } from './description.ts';
import type { Input } from './input.ts';
import type { Style } from './render/style.ts';

/** What a command gets to work with. It is a {@link Session}: hand it to a flow as it is. */
export interface Context extends Session {
  /** The work directory, absolute: the current one, or that of -C. The process has been moved there. */
  readonly directory: string;
  /** True with --json: only the result's `json` will be printed. */
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Colours for the result's text. */
  readonly style: Style;
  /** What the user answers, or pipes in. */
  readonly input: Input;
  readonly environment: NodeJS.ProcessEnv;
  /** By which `registries` were made: for commands that look after credentials. */
  readonly registryOptions: RegistryOptions;
  /** The whole command tree as data: loads every command. */
  readonly describe: () => Promise<CommandDescription>;
}
