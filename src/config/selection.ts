import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { nearestHint } from '../lib/document/validate.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { namesIn } from '../lib/files.ts';
import { exists, ifExists } from '../lib/if-exists.ts';
import { sortByBytes } from '../lib/order.ts';
import { type BaseManifest, manifestNames } from './base-manifest.ts';
import { argument, argumentFragments, type BuildArguments, readBuildArguments } from './build-arguments.ts';
import type { Fragment } from './fragment.ts';
import type { VariableValue } from './substitute.ts';

/** Which of a config directory's files count, and what is said from outside. */
export interface ConfigChoice {
  /** A variant: `manifest-VARIANT.yaml`, `image-VARIANT.yaml`, `build-args-VARIANT.conf`, of which the manifest or the arguments must be there. */
  variant?: string | undefined;
  /** Win over `variables` of every file. */
  variables?: ReadonlyMap<string, VariableValue> | undefined;
  /** The manifest of what a derived config builds upon. */
  baseManifest?: BaseManifest | undefined;
}

/** The files of a config that are read. */
export interface ConfigSelection {
  /** The config directory, absolute. */
  base: string;
  /** Relative to it. */
  manifest: string;
  image: string;
  /** Variables, and the release, which win over the manifest. */
  stronger: readonly Fragment[];
  weaker: readonly Fragment[];
  variables: ReadonlyMap<string, VariableValue>;
  build: BuildArguments | undefined;
  /** The image that has the manifest which the config builds upon; undefined where the config brings that itself. */
  builderImage: { name: string; where: SourcePosition } | undefined;
  baseManifest: BaseManifest | undefined;
}

/**
 * Finds the files of a config.
 * @param directory a config directory, or a manifest of another name in one
 * @throws CosaError `CONFIG_VARIANT` (exit 2), `CONFIG_SYNTAX` of build arguments
 */
export async function selectConfig(directory: string, choice: ConfigChoice = {}): Promise<ConfigSelection> {
  const path = resolve(directory);
  const isFile = (await ifExists(stat(path)))?.isFile() ?? false;
  const base = isFile ? dirname(path) : path;
  const { variant, variables = new Map<string, VariableValue>() } = choice;
  const build = isFile ? undefined : await buildArgumentsOf(base, variant);
  const fragments = build && argumentFragments(build, base);
  const manifest = isFile ? basename(path) : (argument(build, 'MANIFEST') ?? (await manifestOf(base, variant)));
  const given = new Map(variables);
  const release = given.get('releasever');
  given.delete('releasever');
  const stronger = fragments === undefined ? [] : [fragments.stronger];
  return {
    base,
    manifest,
    image: argument(build, 'IMAGE_CONFIG') ?? (await imageOf(base, variant)),
    stronger: release === undefined ? stronger : [givenRelease(base, release), ...stronger],
    weaker: fragments === undefined ? [] : [fragments.weaker],
    variables: given,
    build,
    builderImage: given.get('deriving') === false ? undefined : builderImageOf(build),
    baseManifest: choice.baseManifest,
  };
}

async function buildArgumentsOf(base: string, variant: string | undefined): Promise<BuildArguments | undefined> {
  return readBuildArguments(base, variant === undefined ? 'build-args.conf' : `build-args-${variant}.conf`);
}

async function manifestOf(base: string, variant: string | undefined): Promise<string> {
  if (variant === undefined) {
    for (const name of manifestNames) if (await exists(join(base, name))) return name;
    return 'manifest.yaml';
  }
  const name = `manifest-${variant}.yaml`;
  if (await exists(join(base, name))) return name;
  const known = await variantsOf(base);
  throw usageError('CONFIG_VARIANT', `there is no variant "${variant}": no ${name} in ${base}`, {
    hint:
      nearestHint(variant, known) ??
      'variants are named by the files manifest-VARIANT.yaml and build-args-VARIANT.conf',
  });
}

async function variantsOf(base: string): Promise<string[]> {
  const names = (await namesIn(base)).map((name) => /^(?:manifest-(.+)\.yaml|build-args-(.+)\.conf)$/.exec(name));
  return sortByBytes(new Set(names.flatMap((match) => match?.[1] ?? match?.[2] ?? [])));
}

async function imageOf(base: string, variant: string | undefined): Promise<string> {
  const name = `image-${variant ?? ''}.yaml`;
  return variant !== undefined && (await exists(join(base, name))) ? name : 'image.yaml';
}

function builderImageOf(build: BuildArguments | undefined): ConfigSelection['builderImage'] {
  const name = argument(build, 'BUILDER_IMG');
  if (build === undefined || name === undefined) return undefined;
  return { name, where: { file: build.path, line: build.values.get('BUILDER_IMG')?.line ?? 1, column: 1 } };
}

/** The release that was given from outside, as if a file had it that includes the manifest. */
function givenRelease(base: string, releasever: VariableValue): Fragment {
  const position = () => ({ file: '--variable releasever' });
  const value = typeof releasever === 'boolean' ? String(releasever) : releasever;
  return {
    file: { path: base, value: { releasever: value }, valuePosition: position, keyPosition: position },
    directory: base,
    values: { releasever: value },
    places: new Map([['releasever', { path: ['releasever'] }]]),
  };
}
