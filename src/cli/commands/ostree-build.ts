import { Option } from '@commander-js/extra-typings';
import type { BuildResult } from '../../flows/container/next-build/result.ts';
import { buildContainer } from '../../flows/container/next-build.ts';
import { formatBytes } from '../../lib/format.ts';
import { sbomFormats } from '../../packages/sbom/formats.ts';
import { openWorkDirectory } from '../../workspace/work-directory.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { addSaidOptions, saidOfConfig } from '../config-options.ts';
import { wholeNumber } from '../parsers.ts';
import { line, lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';

/** A host's mount table and old clients bear this many layers. */
const defaultMaxLayers = 64;
/** What containers-storage takes. */
const mostLayers = 500;

/** Declares the command under one of its names. */
function buildCommand(name: 'ostree build' | 'build') {
  return defineCommand({
    description:
      'Turns the config, packages and the previous container into the next OS container, in oci/, tagged with its version ' +
      'and as the candidate of its stream. If nothing that goes in has changed, it says so and does nothing. Layers whose ' +
      'content has not changed keep their blobs. Of a previous container in a registry only manifest and config are read. ' +
      'With --arch, the programs of another architecture are emulated; a tag that has a container for one comes to name an ' +
      'index of both. ' +
      'The list of packages is stored beside the container, as SPDX unless told otherwise.',
    configure: (command) =>
      addSaidOptions(command)
        .addOption(
          architectureOption("the architecture to build for; the programs of another than this machine's are emulated"),
        )
        .option('--tag <tag...>', 'set this tag too')
        .option(
          '--version <version>',
          'the version, instead of the next that is free here, with the previous build and where --push goes',
        )
        .addOption(
          new Option('--versionary', "the version that the config's script versionary says").conflicts('version'),
        )
        .option(
          '--previous <reference>',
          'the container to follow on, or "none"; the last build of the stream unless given, or else that of "cosa init"',
        )
        .option('--push <reference>', 'bring the build there; without a tag, as its version and as the candidate')
        .option('--strict', "refuse packages that the config's lockfile does not have")
        .option('--force', 'build although nothing has changed, and let a version become another container')
        .option(
          '--max-layers <count>',
          'how many layers the container may have',
          wholeNumber(2, mostLayers),
          defaultMaxLayers,
        )
        .addOption(
          new Option(
            '--compression <algorithm>',
            'zstd, or gzip for clients that do not know zstd or read its first frame alone',
          )
            .choices(['zstd', 'gzip'] as const)
            .default('zstd' as const),
        )
        .addOption(
          new Option('--sbom <format...>', 'store the list of packages beside the container in this format')
            .choices([...sbomFormats.map(({ name }) => name), 'none'])
            .default(['spdx'] as readonly string[], 'spdx'),
        ),
    examples: [
      { run: `cosa ${name}`, does: 'Build the next version, if anything has changed' },
      {
        run: `cosa ${name} --arch aarch64`,
        does: 'Build for another architecture: as the version that was built of the same config, if there is one',
      },
      { run: `cosa ${name} --tag next --version 13.1`, does: 'Choose the version, and set a tag of your own' },
      { run: `cosa ${name} --versionary`, does: 'Build as the version that the script of the config says' },
      { run: `cosa ${name} --previous none --compression gzip`, does: 'Build without a past, for old clients' },
      {
        run: `cosa ${name} --push docker://registry.example.com/os/debian-coreos`,
        does: 'Build, and push what the registry lacks: as the version, and as the candidate of the stream',
      },
      {
        run: `cosa ${name} --previous docker://registry.example.com/os/debian-coreos:stable`,
        does: 'Follow on a container of a registry: only its manifest and config are read',
      },
      { run: `cosa ${name} --variable debug=true`, does: 'Build with a variable of the config set from outside' },
      { run: `cosa ${name} --sbom spdx cyclonedx`, does: 'List the packages in both formats' },
    ],
    namespace: true,
    registries: true,
    resumes: true,
    run: async (context, _arguments, options) => {
      const work = await openWorkDirectory(context.directory);
      const result = await buildContainer(context, work, {
        ...saidOfConfig(context, options),
        tags: options.tag ?? [],
        version: options.version,
        versionary: options.versionary === true,
        previous: options.previous,
        force: options.force === true,
        maxLayers: options.maxLayers,
        compression: options.compression,
        strict: options.strict === true,
        sbom: sbomFormats.filter(({ name }) => options.sbom.includes(name)),
        push: options.push,
      });
      const { updateSize = null, pushed, ...rest } = result;
      return {
        text: summary(result, context.style),
        json: { ...rest, updateSize, pushed: pushed ?? null },
      };
    },
  });
}

export const ostreeBuild = buildCommand('ostree build');

/** `cosa build`: what coreos-assembler calls it. */
export const build = buildCommand('build');

function summary(result: BuildResult, style: Style): Shown {
  const { layers } = result;
  const title = result.unchanged
    ? line`${style.bold(result.version)} is up to date: no input has changed`
    : line`${style.bold(result.version)} built`;
  const update = result.updateSize === undefined ? '' : `; an update downloads ${formatBytes(result.updateSize)}`;
  return lines([
    title,
    `  digest  ${result.digest}`,
    `  commit  ${result.commit}`,
    `  layers  ${layers.total}: ${layers.new} new, ${layers.reused} reused; ${formatBytes(result.size)}${result.unchanged ? '' : update}`,
    ...pushedLines(result),
  ]);
}

function pushedLines({ pushed }: BuildResult): string[] {
  if (pushed === undefined) return [];
  const tags = `${pushed.destination}: ${pushed.tags.join(', ')}`;
  return [pushed.moved ? `  pushed  ${tags}; ${formatBytes(pushed.bytes)} sent` : `  pushed  ${tags}, as before`];
}
