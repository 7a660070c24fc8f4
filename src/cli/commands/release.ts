import { Option } from '@commander-js/extra-typings';
import { buildImages } from '../../flows/image/build.ts';
import { planImages } from '../../flows/image/plan-images.ts';
import { type Release, release as releaseContainer } from '../../flows/publish/release.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Showable, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { storeOptions, withStoreOptions } from '../store-options.ts';

export const release = defineCommand({
  description:
    'Releases a promoted container: makes the disk images that belong to a release, publishes them with checksums and ' +
    "signatures, gives the container the tag of its version, and lets the stream have it (release.json, releases.json, the stream's " +
    'metadata). All of it follows from the container: which platforms and tests belong to a release stands in its release.json, ' +
    'which is the release.yaml of its config. Every step finds what is done already: killed at any moment, the same command goes ' +
    'on from there. What would be refused in the end is refused before anything is made.',
  configure: (command) =>
    withStoreOptions(
      command
        .argument('<store>', 'where to: s3://BUCKET/PREFIX or file:///DIR')
        .option('--from <reference>', "the container; the stream's tag in the work directory unless given")
        .option('--stream <name>', 'the stream; that of the container unless given')
        .addOption(architectureOption('which container of several; that for this machine unless given'))
        .option('--platform <name...>', 'images for these platforms; those that the container names unless given')
        .option('--gpg-key <id>', "sign each file and the list of checksums with this key of gpg's keyring")
        .addOption(new Option('--public', 'let everybody read what is published').conflicts('private'))
        .addOption(new Option('--private', "let nobody but the bucket's owner read it"))
        .option('--allow-downgrade', 'let the stream go back to an older version')
        .option('--dry-run', 'only say what would be done'),
    ),
  examples: [
    {
      run: 'cosa release s3://example-builds/os --from docker://registry.example.com/os/example:stable --gpg-key release@example.com',
      does: 'Release what a stream points to',
    },
    { run: 'cosa release file:///srv/www/os --stream stable --dry-run', does: 'Say what it would do' },
  ],
  registries: true,
  resumes: true,
  run: async (context, [store], options) => {
    const { from, stream, arch, platform = [], gpgKey, allowDowngrade = false, dryRun = false } = options;
    const access = options.public === true ? 'public' : options.private === true ? 'private' : undefined;
    const released = await releaseContainer(
      context,
      { plan: planImages, make: buildImages },
      {
        directory: context.directory,
        store,
        options: { ...storeOptions(options), access },
        from,
        stream,
        architecture: arch,
        platforms: platform,
        gpgKey,
        allowDowngrade,
        dryRun,
      },
    );
    return { text: releaseText(released, dryRun, context.style), json: { ...released, dryRun } };
  },
});

function releaseText(released: Release, dryRun: boolean, style: Style): Shown {
  const { stream, version, architecture, container, images, published, tag, documents, metadata } = released;
  const would = (done: string, todo: string) => (dryRun ? `would ${todo}` : done);
  const rows: Showable[] = [];
  for (const { platform, format, present } of images) {
    if (!present) rows.push(line`${would('made', 'make')} ${platform} ${format}`);
  }
  const files = published?.images.flatMap((image) => image.files) ?? [];
  for (const { action, address } of files) {
    if (action === 'publish') rows.push(line`${would('published', 'publish')} ${address}`);
    if (action === 'sign') rows.push(line`${would('signed', 'sign')} ${address}`);
  }
  if (published === undefined) rows.push(line`would publish ${images.map(({ platform }) => platform).join(', ')}`);
  if (tag.changed) rows.push(line`${would('tagged', 'tag')} ${tag.reference ?? ''}`);
  for (const key of documents) rows.push(line`${would('wrote', 'write')} ${key}`);
  const nothing = line`${stream} has ${style.bold(version)} for ${architecture} already, and all that belongs to it`;
  return lines([
    ...(rows.length === 0 ? [nothing] : rows),
    ...(rows.length === 0 || dryRun
      ? []
      : [line`${style.bold(version)} for ${architecture} is released to ${stream}: ${container}`]),
    ...(metadata === undefined ? [] : [line`${style.dim('stream:')} ${metadata.address}`]),
  ]);
}
