import { Argument } from '@commander-js/extra-typings';
import { defineCommand } from '../command.ts';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { ours } from '../render/shown.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
const generators = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export const completion = defineCommand({
  description:
    'Prints a script that teaches a shell to complete commands, options and their values. ' +
    'It is made from the very declarations that the program parses with.',
  configure: (command) => command.addArgument(new Argument('<shell>', 'which shell').choices(shells)),
  examples: [
    { run: 'cosa completion bash', does: 'For bash; put the output into /etc/bash_completion.d/cosa' },
    { run: 'cosa completion zsh', does: 'For zsh; put the output into a file _cosa in a directory of $fpath' },
    { run: 'cosa completion fish', does: 'For fish; put the output into ~/.config/fish/completions/cosa.fish' },
  ],
  run: async (context, [shell]) => {
    const script = generators[shell](await context.describe());
    return { text: ours(script.trimEnd()), json: { shell, script } };
  },
});
