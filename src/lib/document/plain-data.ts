import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml';

/** Values that aliases may add to those which a file writes out: aliases of aliases grow exponentially. */
const maximumAdded = 250_000;

/** What a node stands for. */
interface Data {
  value: unknown;
  /** How many values that is, written out. */
  size: number;
}

/** How a document's values are read. */
export interface PlainDataOptions {
  /**
   * Of a key that stands twice in one map, the last value counts, as in other tools; else it is an error. A function
   * says it of a map by its path.
   */
  lastOfTwiceCounts?: boolean | ((path: readonly PropertyKey[]) => boolean);
  /** The value of a scalar, where that is not the one of YAML 1.2's core schema. */
  scalarValue?: (scalar: Scalar, path: readonly PropertyKey[]) => unknown;
  /**
   * The key `<<` brings what its map has, or those of its list, the first of which counts most; what stands beside it
   * counts more. https://yaml.org/type/merge.html
   */
  mergesMaps?: boolean;
}

/**
 * The plain data of a document, in one pass: each alias has an anchor before it, none stands in its own, and what all of
 * them stand for is bounded; how often an anchor is used does not matter. The library's own conversion looks for each
 * anchor from the top again, and compares each key with all others.
 * @param fail makes the error, for an offset in the text
 */
export function plainData(
  document: Document.Parsed,
  fail: (message: string, offset: number) => Error,
  options: PlainDataOptions = {},
): unknown {
  /** By anchor; `undefined` while its node is being read. */
  const anchors = new Map<string, Data | undefined>();
  let added = 0;

  const { lastOfTwiceCounts = false, scalarValue = (scalar: Scalar) => scalar.value, mergesMaps = false } = options;
  const path: PropertyKey[] = [];

  function dataOf(node: Node | null): Data {
    if (node === null) return { value: null, size: 1 };
    if (isAlias(node)) return dataOfAlias(node.source, offsetOf(node));
    const { anchor } = node as Node & { anchor?: string };
    if (anchor !== undefined) anchors.set(anchor, undefined);
    const data = dataOfPlain(node);
    if (anchor !== undefined) anchors.set(anchor, data);
    return data;
  }

  function dataOfPlain(node: Node): Data {
    if (isMap<Node, Node | null>(node)) return dataOfMap(node.items);
    if (isSeq<Node | null>(node)) {
      const items = node.items.map((item, index) => below(index, item));
      return { value: items.map(({ value }) => value), size: sizeOf(items) };
    }
    return { value: isScalar(node) ? scalarValue(node, path) : null, size: 1 };
  }

  function below(name: PropertyKey, node: Node | null): Data {
    path.push(name);
    const data = dataOf(node);
    path.pop();
    return data;
  }

  function dataOfMap(pairs: readonly Pair<Node, Node | null>[]): Data {
    const entries = new Map<string, Data>();
    const merged: Data[] = [];
    for (const { key, value } of pairs) {
      if (mergesMaps && isMergeKey(key)) {
        merged.push(...mapsToMerge(below('<<', value), offsetOf(key)));
        continue;
      }
      const target = dataOf(key).value;
      if (target !== null && typeof target === 'object') throw fail('A key must be a plain value', offsetOf(key));
      const name = target === null ? '' : String(target);
      if (entries.has(name) && !mayRepeat()) throw fail('Map keys must be unique', offsetOf(key));
      entries.set(name, below(name, value));
    }
    const own = [...entries].map(([name, data]): [string, unknown] => [name, data.value]);
    const value = Object.fromEntries([...merged.flatMap((map) => Object.entries(map.value as object)), ...own]);
    return { value, size: sizeOf([...merged, ...entries.values()]) };
  }

  /** The last of them counts most. */
  function mapsToMerge(data: Data, offset: number): Data[] {
    const isList = Array.isArray(data.value);
    const maps: unknown[] = isList ? (data.value as unknown[]).toReversed() : [data.value];
    if (!maps.every((map) => typeof map === 'object' && map !== null && !Array.isArray(map)))
      throw fail('"<<" takes a map, or a list of maps', offset);
    return maps.map((value, index) => ({ value, size: index === 0 ? data.size : 0 }));
  }

  function mayRepeat(): boolean {
    return typeof lastOfTwiceCounts === 'boolean' ? lastOfTwiceCounts : lastOfTwiceCounts(path);
  }

  function dataOfAlias(name: string, offset: number): Data {
    if (!anchors.has(name)) throw fail(`there is no anchor &${name} before this`, offset);
    const data = anchors.get(name);
    if (data === undefined) throw fail(`*${name} stands in its own anchor`, offset);
    added += data.size;
    if (added > maximumAdded) throw fail('aliases make far more of this file than it holds', offset);
    return data;
  }

  return dataOf(document.contents).value;
}

function isMergeKey(key: Node): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.tag === undefined && key.value === '<<';
}

function sizeOf(items: readonly Data[]): number {
  return items.reduce((total, { size }) => total + size, 1);
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}
