import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../../../lib/errors.ts';
import { isMissing } from '../../../lib/if-exists.ts';
import { sortByBytes } from '../../../lib/order.ts';
import { readTextIfExists } from '../../../lib/text-file.ts';
import { containerDirectories } from './directories.ts';
import type { RegistryRule } from './registries-conf.ts';

/**
 * A table of registries, however it is written. Most systems' files have comments and short names only (one of which is
 * `"registry" = "docker.io/library/registry"`): they need no parser, which takes a while to load.
 */
const mentionsRegistries = /^[ \t]*(\[[ \t[]*["']?registr|["']?registr\w*["']?[ \t]*(=[ \t]*[[{]|\.))/m;

/**
 * Reads registries.conf, the user's or else the system's, and what lies in registries.conf.d of both; or only the file
 * that `CONTAINERS_REGISTRIES_CONF` names. Of rules for the same prefix the last one counts.
 * @param system `/etc/containers`
 * @throws CosaError `REGISTRIES_CONF_INVALID` with the position (exit 2)
 */
export async function readRegistryRules(environment: NodeJS.ProcessEnv, system?: string): Promise<RegistryRule[]> {
  const rules = new Map<string, RegistryRule>();
  for (const file of await files(environment, system)) {
    const text = await readTextIfExists(file);
    if (text === undefined || !mentionsRegistries.test(text)) continue;
    const { parseRules } = await import('./registries-conf.ts');
    for (const rule of parseRules(text, file)) rules.set(rule.prefix, rule);
  }
  return [...rules.values()];
}

async function files(environment: NodeJS.ProcessEnv, systemDirectory: string | undefined): Promise<string[]> {
  const named = environment.CONTAINERS_REGISTRIES_CONF;
  if (named) return [named];
  const { user, system } = containerDirectories(environment);
  const directories = [systemDirectory ?? system, ...(user === undefined ? [] : [user])];
  const own = user === undefined ? undefined : join(user, 'registries.conf');
  const isOwn = own !== undefined && (await readTextIfExists(own)) !== undefined;
  const main = isOwn ? own : join(directories[0] ?? '', 'registries.conf');
  const dropIns = await Promise.all(directories.map((directory) => dropInFiles(join(directory, 'registries.conf.d'))));
  return [main, ...dropIns.flat()];
}

async function dropInFiles(directory: string): Promise<string[]> {
  try {
    const names = sortByBytes((await readdir(directory)).filter((name) => name.endsWith('.conf')));
    return names.map((name) => join(directory, name));
  } catch (error) {
    if (isMissing(error) || isSystemError(error, 'EACCES')) return [];
    throw error;
  }
}
