import { dirname, join, relative } from 'node:path';
import type { Json } from '../lib/canonical-json.ts';
import { validate } from '../lib/document/validate.ts';
import { readYaml, type YamlFile } from '../lib/document/yaml.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { type ImageFileValues, type ImageSpecification, imageFileKeys, imageKeys } from './image-keys.ts';
import { fileSchema } from './key-table.ts';
import { mergeDeep, mergeValues } from './merge.ts';
import { type UnreadKey, unreadKeys } from './unread-keys.ts';

const schema = fileSchema(imageFileKeys);

/** An image.yaml with all that it includes. */
export interface LoadedImageSpecification {
  specification: ImageSpecification;
  /** Keys that a file sets and nothing reads. */
  unread: readonly UnreadKey[];
}

/** A file that has been read, with its own values. */
interface ReadFile {
  file: YamlFile;
  values: Record<string, Json>;
}

/**
 * Reads `image.yaml` with what it includes; without one, all defaults.
 * @param stream what `{stream}` stands for
 * @throws CosaError `CONFIG_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_VALUE`, `CONFIG_INCLUDE_MISSING`,
 *   `CONFIG_INCLUDE_LOOP`, `CONFIG_VARIABLE_UNDEFINED` (exit 2), all with a position
 */
export async function loadImageSpecification(
  base: string,
  stream: string | undefined,
): Promise<LoadedImageSpecification> {
  const path = join(base, 'image.yaml');
  const file = await readYaml(path);
  const read: ReadFile[] = [];
  const values = file === undefined ? {} : await flatten(file, { chain: [path], base, stream, read });
  return {
    // The table gives both the merged value and the type.
    specification: mergeValues(imageKeys, [values]) as unknown as ImageSpecification,
    unread: unreadKeys(imageFileKeys, read),
  };
}

interface Context {
  /** The files on the way from image.yaml to the one that is read. */
  chain: readonly string[];
  base: string;
  stream: string | undefined;
  /** Gets each file, strongest first. */
  read: ReadFile[];
}

async function flatten(file: YamlFile, context: Context): Promise<Record<string, Json>> {
  const { chain, base, stream, read } = context;
  const { include, ...rest } = validate(schema, file) as ImageFileValues;
  const own: Record<string, Json> = rest;
  let merged: Json = {};
  for (const [index, target] of (include ?? []).entries()) {
    const where = file.valuePosition(['include', index]);
    const path = join(dirname(file.path), target);
    const names = [...chain, path].map((part) => relative(base, part));
    if (chain.includes(path)) {
      throw usageError('CONFIG_INCLUDE_LOOP', `include loop: ${names.join(' → ')}`, { where });
    }
    const included = await readYaml(path);
    if (included === undefined) {
      throw usageError('CONFIG_INCLUDE_MISSING', `the included file "${target}" does not exist`, {
        where,
        hint: `expected at ${relative(base, path)}: includes are relative to the file that includes them`,
      });
    }
    merged = mergeDeep(merged, await flatten(included, { ...context, chain: [...chain, path] }));
  }
  // A file is stronger than all that it includes, and the later include is stronger than the earlier.
  read.unshift({ file, values: own });
  const substituted = substituteStream(own, stream, [], (keys) => file.valuePosition(keys));
  return mergeDeep(merged, substituted) as Record<string, Json>;
}

function substituteStream(
  value: Json,
  stream: string | undefined,
  path: readonly PropertyKey[],
  position: (path: readonly PropertyKey[]) => SourcePosition,
): Json {
  if (typeof value === 'string') {
    if (!value.includes('{stream}')) return value;
    if (stream === undefined) {
      throw usageError('CONFIG_VARIABLE_UNDEFINED', '{stream} stands here, and no stream is known', {
        where: position(path),
        hint: 'define "stream" under "variables" in manifest.yaml',
      });
    }
    return value.replaceAll('{stream}', () => stream);
  }
  if (Array.isArray(value)) {
    return (value as Json[]).map((item, index) => substituteStream(item, stream, [...path, index], position));
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, Json>).map(([key, child]) => [
      key,
      substituteStream(child, stream, [...path, key], position),
    ]),
  );
}
