import { relative } from 'node:path';
import type { Json } from '../lib/canonical-json.ts';
import { formatPosition, type SourcePosition } from '../lib/errors.ts';
import { baseManifestPrefix } from './base-manifest.ts';
import { type FlatValue, type Origin, positionOf } from './flatten.ts';
import type { NamedOverlay, WholeConfig } from './whole.ts';

/** A config as one document, and where its values come from. */
export interface ConfigDocument {
  /** The keys of the flattened treefile, and `image`, `disk`, `platforms`, `overlays`, `repositories`, `lock`. */
  value: Readonly<Record<string, Json>>;
  /** `FILE:LINE:COLUMN`, relative to the config directory, by JSON pointer: of keys, and of items of lists and maps. */
  origins: ReadonlyMap<string, string>;
}

/** Makes one document of all that is in a config. */
export function configDocument(config: WholeConfig): ConfigDocument {
  const { loaded, image, disk, platforms, overlays, repositories } = config;
  const origins = new Map<string, string>();
  const base = config.selection.base;
  const below = config.selection.baseManifest?.directory;
  const nameOf = (file: string) =>
    below !== undefined && file.startsWith(`${below}/`)
      ? `${baseManifestPrefix}${relative(below, file)}`
      : relative(base, file) || file;
  const place = (path: readonly PropertyKey[], where: SourcePosition) =>
    origins.set(pointer(path), formatPosition({ ...where, file: nameOf(where.file) }));
  for (const [key, value] of loaded.flat) placeFlat(key, value, place);
  if (image !== undefined) placeImage(image, place);
  const { platformsFile } = config;
  for (const name of Object.keys(platforms)) {
    if (platformsFile === undefined) continue;
    place(['platforms', name], platformsFile.keyPosition([loaded.variables.get('basearch') as string, name]));
  }
  for (const [index, { key, layer }] of overlays.entries()) place(['overlays', index], loaded.positionOf(key, layer));
  for (const [index, { path }] of repositories.entries()) place(['repositories', index], { file: path });
  for (const [name, { where }] of config.overrides) place(['lock', 'overrides', name], where);
  return {
    value: {
      ...(loaded.treefile as unknown as Record<string, Json>),
      image: image?.specification ?? {},
      ...(disk === undefined ? {} : { disk: disk }),
      platforms: platforms,
      overlays: overlays.map((overlay) => overlayDocument(overlay, base)),
      repositories: repositories.map(({ name, path, use }) => ({ name, file: relative(base, path), use })),
      lock: lockDocument(config),
    },
    origins,
  };
}

type Place = (path: readonly PropertyKey[], where: SourcePosition) => void;

function placeFlat(key: string, { origin, members }: FlatValue, place: Place): void {
  place([key], positionOf(origin));
  if (members === undefined) return;
  for (const [name, member] of members.entries() as IterableIterator<[PropertyKey, Origin]>) {
    place([key, name], positionOf(member));
  }
}

/** A list's item comes from the strongest file that has it. */
function placeImage({ files, specification }: NonNullable<WholeConfig['image']>, place: Place): void {
  for (const [key, value] of Object.entries(specification)) {
    const setters = files.filter(({ values }) => values[key] !== undefined);
    const [strongest] = setters;
    if (strongest === undefined) continue;
    place(['image', key], strongest.file.keyPosition([key]));
    if (!Array.isArray(value)) continue;
    for (const [index, item] of value.entries()) {
      for (const { file, values } of setters) {
        const own = values[key];
        const position = Array.isArray(own) ? own.indexOf(item) : -1;
        if (position < 0) continue;
        place(['image', key, index], file.valuePosition([key, position]));
        break;
      }
    }
  }
}

/** Files with their modes, links with their targets; directories only where they are made with another mode than usual. */
function overlayDocument({ name, directory, layer, entries }: NamedOverlay, base: string): Json {
  const listed = entries.flatMap((entry): [string, string][] => {
    if (entry.type === 'symlink') return [[entry.path, `-> ${entry.target}`]];
    if (entry.type === 'directory' && entry.mode === 0o755) return [];
    return [[entry.path, entry.mode.toString(8).padStart(4, '0')]];
  });
  return { name, layer, directory: relative(base, directory), entries: Object.fromEntries(listed) };
}

function lockDocument({ lock, overrides }: WholeConfig): Json {
  const packages = [...(lock?.pins ?? [])].map(([name, { version, architecture, digest }]) => [
    name,
    {
      ...(architecture === undefined ? { evr: version } : { evra: `${version}.${architecture}` }),
      ...(digest === undefined ? {} : { digest }),
    },
  ]);
  const overriding = [...overrides].map(([name, { override }]) => [name, override]);
  return { packages: Object.fromEntries(packages) as Json, overrides: Object.fromEntries(overriding) as Json };
}

/** https://www.rfc-editor.org/rfc/rfc6901 */
export function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
