import { buildSite } from '../../flows/site/build.ts';
import { plural } from '../../lib/format.ts';
import { defineCommand } from '../command.ts';
import { siteSource, withSiteSource } from '../site-source-options.ts';

export const siteBuild = defineCommand({
  description:
    'Makes a website of the containers in the work directory, or of another place: streams and where they stand, builds ' +
    'with their tests, package changes and disk images, and what updates cost. It is made of files alone, needs no script ' +
    'in the browser, and any web server or object store can hold it. Run again, it replaces what has changed and removes ' +
    'what is gone, and touches no file that it has not written.',
  configure: (command) => withSiteSource(command.argument('<dir>', 'where the site goes')),
  examples: [
    { run: 'cosa site build public', does: 'Make a site of this work directory' },
    {
      run: 'cosa site build public --from docker://registry.example.com/os/debian-coreos --store s3://example-builds/os',
      does: 'The same of a repository, with the addresses of published disk images',
    },
  ],
  registries: true,
  resumes: true,
  run: async (context, [output], options) => {
    const site = await buildSite(context, { ...siteSource(context.directory, options), output });
    const { directory, builds, written, unchanged, removed } = site;
    const changes = [`${written} written`, `${unchanged} unchanged`, ...(removed > 0 ? [`${removed} removed`] : [])];
    return { text: `${directory}: ${plural(builds, 'build')}; files: ${changes.join(', ')}`, json: site };
  },
});
