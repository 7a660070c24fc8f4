import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type SourcePosition, usageError } from '../errors.ts';
import { readTextIfExists } from '../text-file.ts';
import { jsonErrorPosition } from './json-position.ts';
import { type PlainDataOptions, plainData } from './plain-data.ts';

/** Bytes of one file of a config; the largest that people write are some kilobytes. */
export const maximumConfigBytes = 1024 * 1024;

/** A YAML file's value, with the means to say where each part of it stands. */
export interface YamlFile {
  /** The file's path as errors show it. */
  readonly path: string;
  /** Plain JSON-like data; an empty file is an empty map. */
  readonly value: unknown;
  /** Where the value under a path of keys and indexes stands; the nearest parent's key if it is not there. */
  valuePosition(path: readonly PropertyKey[]): SourcePosition;
  /** Where the key of the last element of the path stands. */
  keyPosition(path: readonly PropertyKey[]): SourcePosition;
  /** Paths of whole numbers that are written with a fraction, as `41.0`, where whoever reads the file looks for them. */
  readonly fractions?: readonly (readonly PropertyKey[])[];
}

/**
 * Parses YAML 1.2. Keys that stand twice in one map are an error, unless the options say otherwise.
 * @param path how errors name the file
 * @throws CosaError `CONFIG_SYNTAX` (exit 2) with line and column
 */
export function parseYaml(text: string, path: string, options: PlainDataOptions = {}): YamlFile {
  const lines = new LineCounter();
  const at = (offset: number): SourcePosition => {
    const { line, col } = lines.linePos(offset);
    return { file: path, line, column: col };
  };
  const { document, value } = notTooDeep(path, () => {
    const parsed = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
      uniqueKeys: false,
    });
    const problem = parsed.errors[0];
    // The library makes an error of its own of what its calls had no more stack for.
    if (problem?.message.includes('call stack')) throw new RangeError(problem.message);
    if (problem !== undefined) throw syntaxError(problem.message, at(problem.pos[0]));
    const data = plainData(parsed, (message, offset) => syntaxError(message, at(offset)), options);
    return { document: parsed, value: data };
  });
  const root: Node | null = document.contents;

  /** The node under a path, and the key node of its last element; stops at the last one that exists. */
  function find(keys: readonly PropertyKey[]): { node: Node | null; key: Node | null } {
    let node = root;
    let key: Node | null = null;
    for (const name of keys) {
      const parent = isAlias(node) ? (node.resolve(document) ?? null) : node;
      if (isMap<Node, Node | null>(parent)) {
        const pair = parent.items.findLast((item) => isScalar(item.key) && String(item.key.value) === String(name));
        if (pair === undefined) return { node: key ?? parent, key };
        key = pair.key;
        node = pair.value ?? pair.key;
      } else if (isSeq<Node>(parent)) {
        const item = parent.items[Number(name)];
        if (item === undefined) return { node: key ?? parent, key };
        key = item;
        node = item;
      } else {
        break;
      }
    }
    return { node, key };
  }

  return {
    path,
    value: value ?? {},
    valuePosition: (keys) => at(find(keys).node?.range?.[0] ?? 0),
    keyPosition: (keys) => {
      const { key, node } = find(keys);
      return at((key ?? node)?.range?.[0] ?? 0);
    },
  };
}

/**
 * Parses JSON as {@link parseYaml} does YAML, of which it is a part.
 * @throws CosaError `CONFIG_SYNTAX` (exit 2) with line and column
 */
export function parseJsonConfig(text: string, path: string, options: PlainDataOptions = {}): YamlFile {
  const position = jsonErrorPosition(text);
  if (position !== undefined) {
    throw usageError('CONFIG_SYNTAX', 'this is not valid JSON', { where: { file: path, ...position } });
  }
  // Tabs between values are no indentation in JSON. In its strings there are none.
  return parseYaml(text.replaceAll('\t', ' '), path, options);
}

/** A part of a YAML file that is read as if it were a file of its own. */
export function yamlPart(file: YamlFile, prefix: readonly PropertyKey[], value: unknown): YamlFile {
  return {
    path: file.path,
    value,
    valuePosition: (keys) => file.valuePosition([...prefix, ...keys]),
    keyPosition: (keys) => file.keyPosition([...prefix, ...keys]),
    fractions: (file.fractions ?? [])
      .filter((path) => prefix.every((name, index) => path[index] === name))
      .map((path) => path.slice(prefix.length)),
  };
}

/**
 * Reads and parses a YAML file.
 * @returns `undefined` if there is no such file
 * @throws CosaError `CONFIG_SYNTAX`, what {@link readTextIfExists} throws (exit 2)
 */
export async function readYaml(path: string, options: PlainDataOptions = {}): Promise<YamlFile | undefined> {
  const text = await readTextIfExists(path, maximumConfigBytes, { file: path });
  return text === undefined ? undefined : parseYaml(text, path, options);
}

/** The parser calls itself for each level: a file of nothing but brackets would exhaust the stack. */
function notTooDeep<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError) throw syntaxError('it is nested far too deeply', { file: path });
    throw error;
  }
}

function syntaxError(message: string, where: SourcePosition) {
  return usageError('CONFIG_SYNTAX', `this is not valid YAML: ${message}`, { where });
}
