import { buildSite } from '../../flows/site/build.ts';
import { plural } from '../../lib/format.ts';
import { defineCommand } from '../command.ts';

export const siteBuild = defineCommand({
  description:
    'Makes a website of the containers in the work directory, or of another place: streams and where they stand, builds ' +
    'with their tests, package changes and disk images, and what updates cost. It is made of files alone, needs no script ' +
    'in the browser, and any web server or object store can hold it. Run again, it replaces what has changed and removes ' +
    'what is gone, and touches no file that it has not written.',
  configure: (command) =>
    command
      .argument('<dir>', 'where the site goes')
      .option(
        '--from <place>',
        "a work directory, a registry's repository or a layout, instead of this work directory",
      ),
  examples: [
    { run: 'cosa site build public', does: 'Make a site of this work directory' },
    {
      run: 'cosa site build public --from docker://registry.example.com/os/debian-coreos',
      does: 'The same of a repository',
    },
  ],
  registries: true,
  resumes: true,
  run: async (context, [output], { from }) => {
    const site = await buildSite(context, { directory: context.directory, output, from });
    const { directory, builds, written, unchanged, removed } = site;
    const changes = [`${written} written`, `${unchanged} unchanged`, ...(removed > 0 ? [`${removed} removed`] : [])];
    return { text: `${directory}: ${plural(builds, 'build')}; pages: ${changes.join(', ')}`, json: site };
  },
});
