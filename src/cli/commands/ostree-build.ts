import { Option } from '@commander-js/extra-typings';
import { buildContainer } from '../../flows/build/index.ts';
import type { BuildResult } from '../../flows/build/result.ts';
import { openWorkDirectory } from '../../flows/work-directory.ts';
import { formatBytes } from '../../lib/format.ts';
import { defineCommand } from '../command.ts';
import { wholeNumber } from '../parsers.ts';
import type { Style } from '../render/style.ts';

/** A host's mount table and old clients bear this many layers. */
const defaultMaxLayers = 64;
/** What containers-storage takes. */
const mostLayers = 500;

export const ostreeBuild = defineCommand({
  description:
    'Turns the config, packages and the previous container into the next OS container, in oci/, tagged with its version ' +
    'and as the candidate of its stream. If nothing that goes in has changed, it says so and does nothing. Layers whose ' +
    'content has not changed keep their blobs.',
  configure: (command) =>
    command
      .option('--tag <tag...>', 'set this tag too')
      .option('--version <version>', 'the version, instead of the next one after the previous')
      .option('--previous <tag>', 'the container to follow on, or "none"; the last build of the stream unless given')
      .option('--force', 'build although nothing has changed')
      .option(
        '--max-layers <count>',
        'how many layers the container may have',
        wholeNumber(2, mostLayers),
        defaultMaxLayers,
      )
      .addOption(
        new Option('--compression <algorithm>', 'zstd, or gzip for old clients')
          .choices(['zstd', 'gzip'] as const)
          .default('zstd' as const),
      ),
  examples: [
    { run: 'cosa ostree build', does: 'Build the next version, if anything has changed' },
    { run: 'cosa ostree build --tag next --version 13.1', does: 'Choose the version, and set a tag of your own' },
    { run: 'cosa ostree build --previous none --compression gzip', does: 'Build without a past, for old clients' },
  ],
  namespace: true,
  registries: true,
  run: async (context, _arguments, options) => {
    const work = await openWorkDirectory(context.directory);
    const result = await buildContainer(context, work, {
      tags: options.tag ?? [],
      version: options.version,
      previous: options.previous,
      force: options.force === true,
      maxLayers: options.maxLayers,
      compression: options.compression,
    });
    return { text: summary(result, context.style), json: { ...result, updateSize: result.updateSize ?? null } };
  },
});

function summary(result: BuildResult, style: Style): string {
  const { layers } = result;
  const title = result.unchanged
    ? `${style.bold(result.version)} is up to date: no input has changed`
    : `${style.bold(result.version)} built`;
  const update = result.updateSize === undefined ? '' : `; an update downloads ${formatBytes(result.updateSize)}`;
  return [
    title,
    `  digest  ${result.digest}`,
    `  commit  ${result.commit}`,
    `  layers  ${layers.total}: ${layers.new} new, ${layers.reused} reused; ${formatBytes(result.size)}${result.unchanged ? '' : update}`,
  ].join('\n');
}
