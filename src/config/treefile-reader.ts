import { dirname } from 'node:path';
import type { Scalar } from 'yaml';
import { maximumConfigBytes, parseJsonConfig, parseYaml, type YamlFile } from '../lib/document/yaml.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { readText } from '../lib/text-file.ts';
import { type Boundary, findFile } from './boundary.ts';
import { readKickstart } from './kickstart.ts';

/** How a treefile is written, by the end of its name. */
export type TreefileFormat = 'yaml' | 'json' | 'kickstart';

/** As rpm-ostree decides it: what is neither YAML nor a kickstart is JSON. */
export function treefileFormat(path: string): TreefileFormat {
  if (/\.ya?ml$/.test(path)) return 'yaml';
  return path.endsWith('.ks') ? 'kickstart' : 'json';
}

/** Maps of a treefile whose keys are the config's own. */
const freeMaps = ['metadata', 'add-commit-metadata', 'variables', 'repovars'];

/**
 * Where rpm-ostree's reader of YAML knows that a text is wanted before it has read it, a number is the text that is
 * written. Elsewhere, and in JSON, it is a number, and an error.
 */
function isKnownText([key, index, name, item]: readonly PropertyKey[]): boolean {
  if (key === 'packages' || key === 'cliwrap-binaries') return index !== undefined && name === undefined;
  return key === 'repo-packages' && (name === 'repo' || (name === 'packages' && item !== undefined));
}

/** `010` is a string, and `0b11` a number, where rpm-ostree's reader of YAML differs from YAML 1.2's core schema. */
function numberOrText({ type, source = '', value }: Scalar): unknown {
  if (type !== 'PLAIN') return value;
  if (typeof value === 'number' && /^[+-]?0\d+$/.test(source)) return source;
  return typeof value === 'string' && /^0b[01]{1,53}$/.test(source) ? Number(source) : value;
}

function parse(text: string, path: string, parser: typeof parseYaml): YamlFile {
  const isYaml = parser === parseYaml;
  const fractions: PropertyKey[][] = [];
  const file = parser(text, path, {
    lastOfTwiceCounts: ([key, member]) => freeMaps.includes(String(key)) || member === 'entries',
    scalarValue(scalar, at) {
      if (Number.isInteger(scalar.value) && /^[^x]*[.e]/i.test(scalar.source ?? '')) fractions.push([...at]);
      if (isYaml && isKnownText(at) && scalar.type === 'PLAIN' && scalar.tag === undefined) return scalar.source;
      return numberOrText(scalar);
    },
  });
  return { ...file, fractions };
}

/**
 * Reads a treefile that is there.
 * @param path absolute, found within the boundary
 * @param where what names it
 * @throws CosaError `CONFIG_SYNTAX`, of a kickstart also what {@link readKickstart} throws, what {@link readText} throws (exit 2)
 */
export async function readTreefile(path: string, boundary: Boundary, where: SourcePosition): Promise<YamlFile> {
  const text = await readText(path, maximumConfigBytes, where);
  switch (treefileFormat(path)) {
    case 'yaml':
      return parse(text, path, parseYaml);
    case 'json':
      return parse(text, path, parseJsonConfig);
    case 'kickstart':
      return readKickstart(path, text, (name, where) => readIncluded(boundary, dirname(path), name, where));
  }
}

async function readIncluded(
  boundary: Boundary,
  directory: string,
  name: string,
  where: SourcePosition,
): Promise<{ path: string; text: string }> {
  const found = await findFile(boundary, directory, name, where);
  if (found === undefined) {
    throw usageError('CONFIG_INCLUDE_MISSING', `the included file "${name}" does not exist`, {
      where,
      hint: 'in kickstarts, includes are relative to the first one',
    });
  }
  return { path: found.path, text: await readText(found.path, maximumConfigBytes, where) };
}
