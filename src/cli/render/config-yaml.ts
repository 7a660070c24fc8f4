import { pointer } from '../../config/document.ts';
import type { Json } from '../../lib/canonical-json.ts';
import { lines, type Shown } from './shown.ts';

/**
 * A config as YAML, in block style. The library's own writer takes longer than all of the reading.
 * @param origins by JSON pointer, what stands behind each value that has one; none unless given
 */
export function configYaml(value: Json, origins: ReadonlyMap<string, string> = new Map()): Shown {
  const text: string[] = [];
  if (isMap(value)) writeMap(value, { indent: '', path: [], origins, text });
  else text.push(scalarText(value));
  return lines(text);
}

interface Place {
  indent: string;
  path: readonly PropertyKey[];
  origins: ReadonlyMap<string, string>;
  text: string[];
}

function writeMap(map: Readonly<Record<string, Json | undefined>>, place: Place, first = place.indent): void {
  let begin = first;
  for (const [key, value] of Object.entries(map)) {
    if (value === undefined) continue;
    writeValue(`${begin}${scalarText(key)}:`, value, { ...place, path: [...place.path, key] });
    begin = place.indent;
  }
}

/** @param begin what the line has already */
function writeValue(begin: string, value: Json, place: Place): void {
  const { indent, text } = place;
  const below = { ...place, indent: `${indent}  ` };
  if (isMap(value) && Object.keys(value).length > 0) {
    text.push(begin);
    writeMap(value, below);
  } else if (Array.isArray(value) && value.length > 0) {
    text.push(begin);
    for (const [index, item] of (value as Json[]).entries())
      writeItem(item, { ...below, path: [...place.path, index] });
  } else if (typeof value === 'string' && isBlock(value)) {
    text.push(`${begin} ${blockHeader(value)}${comment(place)}`, ...blockLines(value, below.indent));
  } else {
    text.push(`${begin} ${scalarText(value)}${comment(place)}`);
  }
}

function writeItem(item: Json, place: Place): void {
  const { indent, text } = place;
  if (isMap(item) && Object.keys(item).length > 0) {
    const origin = comment(place);
    if (origin !== '') text.push(`${indent}${origin.trimStart()}`);
    writeMap(item, { ...place, indent: `${indent}  ` }, `${indent}- `);
  } else {
    writeValue(`${indent}-`, item, place);
  }
}

function comment({ path, origins }: Place): string {
  const origin = origins.get(pointer(path));
  return origin === undefined ? '' : ` # ${origin}`;
}

/**
 * What may stand as it is: no sign of YAML's in it, and nothing that a reader of either version takes for another kind of value.
 * Some readers of 1.1 find a number in an exponent alone, `e0`.
 */
const plain =
  /^(?!(?:true|false|null|yes|no|on|off|y|n|e[-+]?\d+)$)[a-z_/][\w./@%+=,()$^*|~-]*(?: [\w./@%+=,()$^*|~-]+)*$/i;
/** Names that begin with a digit, and hold what no number has: `7zip`, `05core`. */
const plainAfterDigit = /^(?!0[xob])\d[\w.-]*[g-np-wyz][\w.-]*$/i;

function scalarText(value: Json): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return plain.test(value) || plainAfterDigit.test(value) ? value : JSON.stringify(value);
}

/** Texts of several lines that lose nothing as blocks. */
function isBlock(value: string): boolean {
  return (
    /\n/.test(value) && /^[^\s]/.test(value) && !/[^\n\t -~\u00a0-\ud7ff]/.test(value) && !/[ \t]\n|[ \t]$/.test(value)
  );
}

function blockHeader(value: string): string {
  if (!value.endsWith('\n')) return '|-';
  return value.endsWith('\n\n') ? '|+' : '|';
}

function blockLines(value: string, indent: string): string[] {
  const parts = value.split('\n');
  if (value.endsWith('\n')) parts.pop();
  return parts.map((part) => (part === '' ? '' : `${indent}${part}`));
}

function isMap(value: Json): value is Readonly<Record<string, Json | undefined>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
