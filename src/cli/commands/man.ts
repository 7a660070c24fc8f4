import { resolve } from 'node:path';
import { replaceFiles } from '../../exec/replace-files.ts';
import { plural } from '../../lib/format.ts';
import { programVersion } from '../../lib/program.ts';
import { defineCommand } from '../command.ts';
import { manualPages } from '../manual.ts';

export const man = defineCommand({
  description:
    'Writes a manual page for the program and for each command into a directory, made from the very declarations ' +
    'that the program parses with. Building cosa does this into man/, from where npm installs them.',
  configure: (command) => command.argument('<dir>', 'directory for the pages; made if missing'),
  examples: [{ run: 'cosa man ~/.local/share/man/man1', does: 'Install the pages for yourself' }],
  run: async (context, [directory]) => {
    const target = resolve(context.directory, directory);
    const pages = manualPages(await context.describe(), programVersion);
    await replaceFiles(target, new Map(pages.map(({ name, source }) => [name, source])));
    const names = pages.map(({ name }) => name);
    return { text: `${plural(names.length, 'manual page')} in ${target}`, json: { directory: target, pages: names } };
  },
});
