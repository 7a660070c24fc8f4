import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { usageError } from '../lib/errors.ts';
import { exists, ifExists } from '../lib/if-exists.ts';
import { argument, argumentFragments, type BuildArguments, readBuildArguments } from './build-arguments.ts';
import type { Fragment } from './fragment.ts';
import type { VariableValue } from './substitute.ts';

/** Which of a config directory's files count, and what is said from outside. */
export interface ConfigChoice {
  /** A variant: `manifest-VARIANT.yaml`, `image-VARIANT.yaml`, `build-args-VARIANT.conf`, of which the manifest or the arguments must be there. */
  variant?: string | undefined;
  /** Win over `variables` of every file. */
  variables?: ReadonlyMap<string, VariableValue> | undefined;
  /** A directory or file, absolute or relative to the current one: the manifest of what a derived config builds upon. */
  baseManifest?: string | undefined;
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
  baseManifest: { directory: string; entry: string } | undefined;
}

const manifestNames = ['manifest.yaml', 'manifest.yml', 'manifest.json'];

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
    baseManifest: choice.baseManifest === undefined ? undefined : await baseManifestOf(choice.baseManifest),
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
  throw usageError('CONFIG_VARIANT', `there is no variant "${variant}": no ${name} in ${base}`, {
    hint: 'variants are named by the files manifest-VARIANT.yaml and build-args-VARIANT.conf',
  });
}

async function imageOf(base: string, variant: string | undefined): Promise<string> {
  const name = `image-${variant ?? ''}.yaml`;
  return variant !== undefined && (await exists(join(base, name))) ? name : 'image.yaml';
}

async function baseManifestOf(path: string): Promise<{ directory: string; entry: string }> {
  const absolute = resolve(path);
  const isFile = (await ifExists(stat(absolute)))?.isFile() ?? false;
  return isFile
    ? { directory: dirname(absolute), entry: basename(absolute) }
    : { directory: absolute, entry: await manifestOf(absolute, undefined) };
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
