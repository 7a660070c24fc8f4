import { fetchBuild } from '../../flows/publish/buildfetch.ts';
import { openWorkDirectory } from '../../workspace/work-directory.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { importedText } from '../render/imported.ts';
import { storeOptions, withStoreOptions } from '../store-options.ts';

export const buildfetch = defineCommand({
  description:
    "Reads coreos-assembler's records of builds, over HTTP, from an object store or a directory, and imports a build's " +
    'container as "cosa import" does: from the archive beside the record, with the checksum that stands there, or else ' +
    'from the registry that the record names, by its digest. Disk images stay where they are: they are made anew of the ' +
    'container.',
  configure: (command) =>
    withStoreOptions(
      command
        .argument(
          '<url>',
          'https://HOST/PATH, s3://BUCKET/PREFIX, file:///DIR or a directory: builds/, or what it lies in',
        )
        .option('-b, --build <id>', 'the build; the newest unless given')
        .addOption(architectureOption("another architecture than this machine's"))
        .option('--force', 'let a version become another container'),
    ),
  examples: [
    {
      run: 'cosa buildfetch https://builds.example.com/prod/streams/stable/builds',
      does: "Bring a stream's newest build here",
    },
    {
      run: 'cosa buildfetch s3://example-builds/prod/streams/stable --build 43.20260101.3.0 --arch aarch64',
      does: 'Bring a certain one',
    },
  ],
  registries: true,
  run: async (context, [url], options) => {
    const work = await openWorkDirectory(context.directory);
    const { build, arch, force = false } = options;
    const fetched = await fetchBuild(context, work, {
      directory: context.directory,
      url,
      store: storeOptions(options),
      build,
      architecture: arch,
      force,
    });
    const { stream = null, ...rest } = fetched;
    return { text: importedText(fetched, context.style), json: { ...rest, stream } };
  },
});
