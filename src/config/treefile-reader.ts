import { dirname } from 'node:path';
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

/**
 * Reads a treefile that is there.
 * @param path absolute, found within the boundary
 * @throws CosaError `CONFIG_SYNTAX`, of a kickstart also what {@link readKickstart} throws, what {@link readText} throws (exit 2)
 */
export async function readTreefile(path: string, boundary: Boundary): Promise<YamlFile> {
  const text = await readText(path, maximumConfigBytes);
  switch (treefileFormat(path)) {
    case 'yaml':
      return parseYaml(text, path);
    case 'json':
      return parseJsonConfig(text, path);
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
  return { path: found.path, text: await readText(found.path, maximumConfigBytes) };
}
