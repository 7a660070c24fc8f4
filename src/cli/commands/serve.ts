import { serveSite } from '../../flows/site/serve.ts';
import { defineCommand } from '../command.ts';
import { listenAddress } from '../parsers.ts';
import { siteSource, withSiteSource } from '../site-source-options.ts';

export const serve = defineCommand({
  description:
    'Serves the website that "cosa site build" makes, as the containers are at each moment, until it is interrupted. It is ' +
    'only read from, and nobody but this machine reaches it unless --listen says otherwise: it asks nobody who they are. A ' +
    'work directory is looked at with each page; a registry or object store every half minute that somebody looks at pages.',
  configure: (command) =>
    withSiteSource(
      command.option(
        '--listen <address>',
        'where to serve: HOST:PORT, or a port of this machine alone',
        listenAddress,
        {
          host: '127.0.0.1',
          port: 8080,
        },
      ),
    ),
  examples: [
    { run: 'cosa serve', does: 'Look at this work directory under http://127.0.0.1:8080/' },
    {
      run: 'cosa serve --from docker://registry.example.com/os/debian-coreos --listen [::]:8080',
      does: 'Let everybody look at a repository',
    },
  ],
  registries: true,
  run: async (context, _args, { listen, ...options }) => {
    const url = await serveSite(context, { ...siteSource(context.directory, options), listen });
    return { text: '', json: { url } };
  },
});
