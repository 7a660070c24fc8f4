import { Document, isMap, isScalar, isSeq, type Node } from 'yaml';
import { pointer } from '../../config/document.ts';
import type { Json } from '../../lib/canonical-json.ts';
import { lines, type Shown } from './shown.ts';

/**
 * A config as YAML.
 * @param origins by JSON pointer, what stands behind each value that has one; none unless given
 */
export function configYaml(value: Json, origins: ReadonlyMap<string, string> = new Map()): Shown {
  const document = new Document(value, { aliasDuplicateObjects: false });
  if (origins.size > 0) comment(document.contents, [], origins);
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  return lines(text.trimEnd().split('\n'));
}

function comment(node: Node | null, path: readonly PropertyKey[], origins: ReadonlyMap<string, string>): void {
  const origin = origins.get(pointer(path));
  if (node !== null && origin !== undefined && (isScalar(node) || isEmpty(node))) node.comment = ` ${origin}`;
  if (isMap<Node, Node | null>(node)) {
    for (const { key, value } of node.items) {
      if (isScalar(key)) comment(value, [...path, String(key.value)], origins);
    }
  } else if (isSeq<Node>(node)) {
    for (const [index, item] of node.items.entries()) {
      const own = origins.get(pointer([...path, index]));
      if (own !== undefined && !isScalar(item)) item.commentBefore = ` ${own}`;
      comment(item, [...path, index], origins);
    }
  }
}

function isEmpty(node: Node): boolean {
  return (isMap(node) || isSeq(node)) && node.items.length === 0;
}
