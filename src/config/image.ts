import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import type { Json } from '../lib/canonical-json.ts';
import { inspect } from '../lib/document/validate.ts';
import { maximumConfigBytes, parseYaml, type YamlFile } from '../lib/document/yaml.ts';
import { asPyYaml } from '../lib/document/yaml-1.1.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { nearest } from '../lib/nearest.ts';
import { readText } from '../lib/text-file.ts';
import { type Boundary, boundaryOf, type FoundFile, findFile } from './boundary.ts';
import { type ImageFileValues, type ImageSpecification, imageFileKeys, imageKeys } from './image-keys.ts';
import { fileSchema } from './key-table.ts';
import { mergeDeep, mergeValues } from './merge.ts';
import { attempt, endAtFirst, type Mistakes, noteAll } from './mistakes.ts';
import { type UnreadKey, unreadKeys } from './unread-keys.ts';

/** Keys that are not known are read by somebody else: they travel in image.json. */
const schema = z.looseObject(fileSchema(imageFileKeys).shape);

/** One file of an image.yaml's includes, with its own values. */
interface ReadFile {
  file: YamlFile;
  values: Record<string, Json>;
}

/** An image.yaml with all that it includes. */
export interface LoadedImageSpecification {
  /** With keys that others read. */
  specification: ImageSpecification;
  /** Strongest first. */
  files: readonly ReadFile[];
  /** Keys that a file sets and nothing here reads. */
  unread: readonly UnreadKey[];
}

export interface ImageOptions {
  /** Another name than `image.yaml`, relative to the config directory. */
  name?: string | undefined;
  mistakes?: Mistakes;
}

/**
 * Reads `image.yaml` with what it includes; without one, all defaults.
 * @param base the config directory, absolute
 * @param stream what `{stream}` stands for
 * @throws CosaError `CONFIG_SYNTAX`, `CONFIG_VALUE`, `CONFIG_INCLUDE_MISSING`, `CONFIG_INCLUDE_LOOP`,
 *   `CONFIG_FILE_OUTSIDE`, `CONFIG_VARIABLE_UNDEFINED` (exit 2), all with a position
 */
export async function loadImageSpecification(
  base: string,
  stream: string | undefined,
  options: ImageOptions = {},
): Promise<LoadedImageSpecification> {
  const { name = 'image.yaml', mistakes = endAtFirst } = options;
  const files: ReadFile[] = [];
  const context: Context = { chain: [], boundary: await boundaryOf(base), stream, files, mistakes };
  const found = await findFile(context.boundary, base, name, { file: join(base, name) });
  const values = found === undefined ? {} : await flattenFile(found, context, { file: found.path });
  // The table gives both the merged value and the type.
  const known = mergeValues(imageKeys, [values]) as unknown as ImageSpecification;
  return { specification: { ...values, ...known }, files, unread: unreadOf(files) };
}

interface Context {
  /** The files on the way from image.yaml to the one that is read. */
  chain: readonly FoundFile[];
  boundary: Boundary;
  stream: string | undefined;
  files: ReadFile[];
  mistakes: Mistakes;
}

async function flattenFile(found: FoundFile, context: Context, where: SourcePosition): Promise<Record<string, Json>> {
  const { files, mistakes } = context;
  const text = await readText(found.path, maximumConfigBytes, where);
  const file = parseYaml(withStream(text, found.path, context.stream), found.path, {
    ...asPyYaml,
  });
  const values = checkedValues(file, mistakes);
  const own = Object.fromEntries(Object.entries(values).filter(([name]) => name !== 'include')) as Record<string, Json>;
  files.push({ file, values: own });
  let merged: Json = own;
  const chain = [...context.chain, found];
  // A file is stronger than all that it includes, and the later include is stronger than the earlier.
  for (const [index, target] of [...(values.include ?? []).entries()].reverse()) {
    const where = file.valuePosition(['include', index]);
    const included = await attempt(mistakes, () => flattenInclude(target, where, { ...context, chain }));
    if (included !== undefined) merged = mergeDeep(merged, included);
  }
  return merged as Record<string, Json>;
}

function checkedValues(file: YamlFile, mistakes: Mistakes): ImageFileValues {
  const { value, problems } = inspect(schema, file);
  noteAll(mistakes, problems);
  return value ?? {};
}

async function flattenInclude(target: string, where: SourcePosition, context: Context): Promise<Record<string, Json>> {
  const { boundary, chain } = context;
  const directory = dirname(chain.at(-1)?.path ?? boundary.base);
  const shown = (path: string) => relative(boundary.base, path);
  const found = await findFile(boundary, directory, target, where);
  if (found === undefined) {
    throw usageError('CONFIG_INCLUDE_MISSING', `the included file "${target}" does not exist`, {
      where,
      hint: `expected at ${shown(join(directory, target))}: includes are relative to the file that includes them`,
    });
  }
  if (chain.some(({ identity }) => identity === found.identity)) {
    const names = [...chain, found].map(({ path }) => shown(path));
    throw usageError('CONFIG_INCLUDE_LOOP', `include loop: ${names.join(' → ')}`, { where });
  }
  return flattenFile(found, context, where);
}

/**
 * The text with `{stream}` replaced, wherever it stands. In a text in which every brace belongs to that, or is doubled,
 * as in Python's formats, doubled ones become single; in others, which have maps in braces, they stay.
 */
function withStream(text: string, path: string, stream: string | undefined): string {
  const place = text.indexOf('{stream}');
  if (place >= 0 && stream === undefined) {
    const before = text.slice(0, place).split('\n');
    throw usageError('CONFIG_VARIABLE_UNDEFINED', '{stream} stands here, and no stream is known', {
      where: { file: path, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 },
      hint: 'define "stream" under "variables" in manifest.yaml',
    });
  }
  const isFormat = !/[{}]/.test(text.replace(/\{stream\}|\{\{|\}\}/g, ''));
  const form = isFormat ? /\{stream\}|\{\{|\}\}/g : /\{stream\}/g;
  return text.replace(form, (found) => (found === '{stream}' ? (stream ?? '') : found.charAt(0)));
}

function unreadOf(files: readonly ReadFile[]): UnreadKey[] {
  const sources = files.map(({ file, values }) => ({ values, keyPosition: (key: string) => file.keyPosition([key]) }));
  const others = new Map<string, SourcePosition>();
  for (const { values, keyPosition } of sources) {
    for (const key of Object.keys(values)) {
      if (!Object.hasOwn(imageFileKeys, key) && !others.has(key)) others.set(key, keyPosition(key));
    }
  }
  return [
    ...unreadKeys(imageFileKeys, sources),
    ...[...others].map(([key, where]): UnreadKey => {
      const [near] = nearest(key, Object.keys(imageFileKeys));
      const reason = 'only other tools read it, from image.json';
      return { key, where, reason, nearest: near };
    }),
  ];
}
