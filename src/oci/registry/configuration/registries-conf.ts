import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { usageError } from '../../../lib/errors.ts';

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
 * The rules of one file.
 * @throws CosaError `REGISTRIES_CONF_INVALID` with the position (exit 2)
 */
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
