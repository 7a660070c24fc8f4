import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';

const checkout = resolve(import.meta.dirname, '../..');

/** Pages that show commands: `$ cosa …` in console blocks, `cosa …` in sh blocks. */
const pages = [
  'README.md',
  'docs/first-pipeline.md',
  'docs/install-on-a-machine.md',
  'examples/debian-coreos/README.md',
];

function shownCommands(page: string): string[] {
  const blocks = [...page.matchAll(/^ *```(console|sh)\n([\s\S]*?)^ *```/gm)];
  return blocks.flatMap(([, language, text = '']) => {
    const lines = text.replaceAll(/\\\n\s*/g, '').split('\n');
    const commands = lines.flatMap((line) => (language === 'sh' ? line : (/^ *\$ (.*)/.exec(line)?.[1] ?? [])));
    return commands.flatMap((line) => line.split(' && ')).filter((command) => /^\s*cosa /.test(command));
  });
}

/** A shell's words, as far as the pages use its grammar. */
function words(command: string): string[] {
  const parts = command.replace(/\s[#|].*$/, '').match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  return parts.map((word) => word.replaceAll(/['"]/g, ''));
}

test.each(pages)('every command that %s shows can be typed like that', async (page) => {
  const commands = shownCommands(await readFile(resolve(checkout, page), 'utf8'));
  expect(commands).not.toHaveLength(0);
  for (const command of commands) {
    const nothing = () => undefined;
    let understood = false;
    const program = buildProgram({
      writeOut: nothing,
      writeErr: nothing,
      execute: async () => {
        understood = true;
      },
    });
    const [, ...args] = words(command);
    await expect(program.parseAsync(args, { from: 'user' }), command).resolves.toBeDefined();
    expect(understood, command).toBe(true);
  }
});
