import { type ExportedBuild, exportLegacy } from '../../flows/publish/export-legacy.ts';
import { formatBytes } from '../../lib/format.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Showable } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { storeOptions, withStoreOptions } from '../store-options.ts';

export const exportLegacyBuild = defineCommand({
  description:
    "Writes a container, and the disk images that were made of it here, as coreos-assembler's tools read them: builds/ with " +
    'builds.json, a meta.json for each build and architecture, the container as an OCI archive, and the link builds/latest, ' +
    'where the place can have links. It is for tools that know nothing else; nothing here reads it. Records are written after ' +
    'all that they name. What others have put there stays, also if several write at once, and a version is never made ' +
    'another build.',
  configure: (command) =>
    withStoreOptions(
      command
        .argument('<destination>', 'a directory, file:///DIR or s3://BUCKET/PREFIX: builds/ is made in it')
        .option('--from <reference>', 'the container; the newest build unless given')
        .addOption(architectureOption("another architecture than this machine's"))
        .option(
          '--repository <reference>',
          "the registry's repository that the record names; that of --from unless given",
        )
        .option('--dry-run', 'only say what would be written'),
    ),
  examples: [
    {
      run: 'cosa export legacy /srv/legacy --repository docker://registry.example.com/os/debian-coreos',
      does: 'Record the newest build for tools that read /srv/legacy/builds',
    },
    {
      run: 'cosa export legacy s3://example-builds/prod/streams/stable --from docker://registry.example.com/os/debian-coreos:stable',
      does: 'Record a release beside its published disk images',
    },
  ],
  registries: true,
  resumes: true,
  run: async (context, [destination], options) => {
    const { from, arch, repository, dryRun = false } = options;
    const exported = await exportLegacy(context, {
      directory: context.directory,
      destination,
      store: storeOptions(options),
      from,
      architecture: arch,
      repository,
      dryRun,
    });
    const { repository: named = null, ...rest } = exported;
    return { text: exportedText(exported, dryRun, context.style), json: { ...rest, repository: named, dryRun } };
  },
});

function exportedText(build: ExportedBuild, dryRun: boolean, style: Style): Showable {
  const { destination, id, architecture, digest, files, changed } = build;
  const what = line`${style.bold(`${destination}/builds/${id}/${architecture}`)} (${digest})`;
  if (!changed && files.every(({ present }) => present)) return line`${what} is there already`;
  const shown = files.map(({ name, size, present }) => {
    const bytes = size === undefined ? '' : ` (${formatBytes(size)})`;
    return `  ${present ? 'there already: ' : ''}${name}${bytes}`;
  });
  return lines([dryRun ? line`Would write ${what}` : what, ...shown]);
}
