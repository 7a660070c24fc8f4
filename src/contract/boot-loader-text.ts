import { z } from 'zod';
import { someLine } from './one-line.ts';

// What a container says ends up in scripts that GRUB runs, unquoted: there it must mean nothing but itself.

/** Far more than anybody needs. Whether all together fit the kernel's command line shows when a disk is made. */
const maximumArguments = 64;
const maximumLength = 512;

/**
 * GRUB expands `$`, ends commands at `;`, `&` and `|`, and takes quotes, backslashes, braces
 * and wildcards for its own: https://www.gnu.org/software/grub/manual/grub/grub.html#Shell_002dlike-scripting
 */
const kernelArgument = (pattern: RegExp) =>
  someLine.max(maximumLength, { error: `must have at most ${maximumLength} characters` }).regex(pattern, {
    error:
      'must be one kernel argument of letters, digits and _.,:=/@%+~[]- alone: the boot loader reads others as its own',
    abort: true,
  });

const listOf = (argument: z.ZodString) =>
  z.array(argument).max(maximumArguments, { error: `must be at most ${maximumArguments}` });

/** Arguments of the kernel's, one an entry. */
export const kernelArguments = listOf(kernelArgument(/^[A-Za-z0-9_][A-Za-z0-9_.,:=/@%+~[\]-]*$/));

/** As a config writes them: the stream's name is not in its place yet. */
export const configuredKernelArguments = listOf(
  kernelArgument(/^[A-Za-z0-9_]([A-Za-z0-9_.,:=/@%+~[\]-]|\{stream\})*$/),
);

/** Commands that set up consoles; any other could read or start something. */
const permittedCommands = ['serial', 'set', 'terminal_input', 'terminal_output'];

const grubCommand = someLine
  .max(maximumLength, { error: `must have at most ${maximumLength} characters` })
  .regex(new RegExp(`^(${permittedCommands.join('|')})( [A-Za-z0-9_.,:=/+-]+)*$`), {
    error: `must be ${permittedCommands.slice(0, -1).join(', ')} or ${permittedCommands.at(-1)} with words of letters, digits and _.,:=/+- alone`,
    abort: true,
  });

/** GRUB's commands that set up consoles, one an entry. */
export const grubCommands = z
  .array(grubCommand)
  .max(maximumArguments, { error: `must be at most ${maximumArguments}` });
