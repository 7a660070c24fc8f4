import { dirname } from 'node:path';
import type { Scalar } from 'yaml';
import type { PlainDataOptions } from '../lib/document/plain-data.ts';
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

/** `010` is a string, and `0b11` a number, where rpm-ostree's reader of YAML differs from YAML 1.2's core schema. */
function numberOrText({ type, source = '', value }: Scalar): unknown {
  if (type !== 'PLAIN') return value;
  if (typeof value === 'number' && /^[+-]?0\d+$/.test(source)) return source;
  return typeof value === 'string' && /^0b[01]{1,53}$/.test(source) ? Number(source) : value;
}

function parse(
  text: string,
  path: string,
  parser: (text: string, path: string, options: PlainDataOptions) => YamlFile,
): YamlFile {
  const fractions: PropertyKey[][] = [];
  const file = parser(text, path, {
    lastOfTwiceCounts: ([key, member]) => freeMaps.includes(String(key)) || member === 'entries',
    scalarValue(scalar, at) {
      if (Number.isInteger(scalar.value) && /^[^x]*[.e]/i.test(scalar.source ?? '')) fractions.push([...at]);
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
