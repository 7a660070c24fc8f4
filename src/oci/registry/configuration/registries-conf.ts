import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { isSystemError, usageError } from '../../../lib/errors.ts';
import { containerDirectories } from './directories.ts';

// https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md

const locationPattern = /^[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;
const location = z.string().regex(locationPattern, 'must be HOST[:PORT][/PATH]');
const prefix = z.string().regex(/^(\*\.)?[A-Za-z0-9]/, 'must be HOST[:PORT][/PATH] or *.DOMAIN');

const mirrorSchema = z.object({
  location,
  insecure: z.boolean().default(false),
  'pull-from-mirror': z.enum(['all', 'digest-only', 'tag-only']).default('all'),
});

const registrySchema = z
  .object({
    prefix: prefix.optional(),
    location: location.optional(),
    insecure: z.boolean().default(false),
    blocked: z.boolean().default(false),
    'mirror-by-digest-only': z.boolean().default(false),
    mirror: z.array(mirrorSchema).default([]),
  })
  .refine((registry) => registry.prefix !== undefined || registry.location !== undefined, {
    message: 'needs a prefix or a location',
  });

const fileSchema = z.looseObject({
  registry: z.array(registrySchema).default([]),
  registries: z.undefined('this is version 1 of the format').optional(),
});

/** Where else a part of the world of registries is to be found. */
export interface RegistryRule {
  /** The file that it stands in. */
  file: string;
  /** `registry.test/os` or `*.example.com`. */
  prefix: string;
  /** What takes the prefix's place for reading; nothing does if it is missing. */
  location: string | undefined;
  insecure: boolean;
  blocked: boolean;
  mirrors: readonly Mirror[];
}

export interface Mirror {
  location: string;
  insecure: boolean;
  /** What may be read from it. */
  pull: 'all' | 'digest-only' | 'tag-only';
}

/**
 * Reads registries.conf, the user's or else the system's, and what lies in registries.conf.d of both; or only the file
 * that `CONTAINERS_REGISTRIES_CONF` names. Of rules for the same prefix the last one counts.
 * @param system `/etc/containers`
 * @throws CosaError `REGISTRIES_CONF_INVALID` with the position (exit 2)
 */
export async function readRegistryRules(environment: NodeJS.ProcessEnv, system?: string): Promise<RegistryRule[]> {
  const rules = new Map<string, RegistryRule>();
  for (const file of await files(environment, system)) {
    const text = await readText(file);
    for (const rule of text === undefined ? [] : parseRules(text, file)) rules.set(rule.prefix, rule);
  }
  return [...rules.values()];
}

/** @throws CosaError `REGISTRIES_CONF_INVALID` (exit 2) */
export function parseRules(text: string, file: string): RegistryRule[] {
  const parsed = fileSchema.safeParse(parseToml(text, file));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const key = (issue?.path ?? []).map((part) => (typeof part === 'number' ? part + 1 : part)).join(' ');
    throw usageError('REGISTRIES_CONF_INVALID', `${key}: ${issue?.message ?? 'it is invalid'}`, {
      where: { file },
      hint: 'see containers-registries.conf(5)',
    });
  }
  return parsed.data.registry.map((registry) => ({
    file,
    prefix: registry.prefix ?? registry.location ?? '',
    location: registry.location,
    insecure: registry.insecure,
    blocked: registry.blocked,
    mirrors: registry.mirror.map((mirror) => ({
      location: mirror.location,
      insecure: mirror.insecure,
      pull: registry['mirror-by-digest-only'] ? 'digest-only' : mirror['pull-from-mirror'],
    })),
  }));
}

async function files(environment: NodeJS.ProcessEnv, systemDirectory: string | undefined): Promise<string[]> {
  const named = environment.CONTAINERS_REGISTRIES_CONF;
  if (named) return [named];
  const { user, system } = containerDirectories(environment);
  const directories = [systemDirectory ?? system, ...(user === undefined ? [] : [user])];
  const own = user === undefined ? undefined : join(user, 'registries.conf');
  const isOwn = own !== undefined && (await readText(own)) !== undefined;
  const main = isOwn ? own : join(directories[0] ?? '', 'registries.conf');
  const dropIns = await Promise.all(directories.map((directory) => dropInFiles(join(directory, 'registries.conf.d'))));
  return [main, ...dropIns.flat()];
}

async function dropInFiles(directory: string): Promise<string[]> {
  try {
    const names = (await readdir(directory)).filter((name) => name.endsWith('.conf')).sort();
    return names.map((name) => join(directory, name));
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'EACCES')) return [];
    throw error;
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function parseToml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = 'it is no TOML'] = error.message.split('\n');
    throw usageError('REGISTRIES_CONF_INVALID', reason, {
      where: { file, line: error.line, column: error.column },
      hint: 'see containers-registries.conf(5)',
    });
  }
}
