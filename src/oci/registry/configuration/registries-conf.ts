import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { type CosaError, usageError } from '../../../lib/errors.ts';
import { serverOf } from './server.ts';

// https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md

const host = String.raw`([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?`;
const path = String.raw`(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*`;
// A tag or digest in a prefix is refused, too: rules are for repositories here, and it would never fit.
const prefixPattern = new RegExp(String.raw`^(\*\.)?${host}${path}$`);
const locationPattern = new RegExp(`^${host}${path}$`);

/** People write a slash at the end; it means nothing. */
const withoutSlashes = z.string().transform((text) => text.replace(/\/+$/, ''));
const location = withoutSlashes.pipe(z.string().regex(locationPattern, 'must be HOST[:PORT][/PATH]'));
const prefix = withoutSlashes.pipe(z.string().regex(prefixPattern, 'must be HOST[:PORT][/PATH] or *.DOMAIN'));
/** Empty is as good as missing. */
const emptyIsMissing = <Output>(schema: z.ZodType<Output>) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

const mirrorSchema = z.object({
  location,
  insecure: z.boolean().default(false),
  'pull-from-mirror': z.enum(['all', 'digest-only', 'tag-only']).default('all'),
});

const registrySchema = z
  .object({
    prefix: emptyIsMissing(prefix),
    location: emptyIsMissing(location),
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
  /** `registry.test/os` or `*.example.com`, its host as `serverOf` writes it. */
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
    throw invalid(file, `${key}: ${issue?.message ?? 'it is invalid'}`);
  }
  const rules = parsed.data.registry.map((registry) => ({
    file,
    prefix: canonicalPrefix(registry.prefix ?? registry.location ?? ''),
    location: registry.location,
    insecure: registry.insecure,
    blocked: registry.blocked,
    mirrors: registry.mirror.map((mirror) => ({
      location: mirror.location,
      insecure: mirror.insecure,
      pull: registry['mirror-by-digest-only'] ? 'digest-only' : mirror['pull-from-mirror'],
    })),
  }));
  refuseContradictions(rules, file);
  return rules;
}

function canonicalPrefix(written: string): string {
  const [server = '', ...components] = written.split('/');
  return [serverOf(server), ...components].join('/');
}

/** Which of two rules counts would be a guess, and the wrong guess opens what is to be closed. */
function refuseContradictions(rules: readonly RegistryRule[], file: string): void {
  const byPrefix = new Map<string, number>();
  const byLocation = new Map<string, { rule: RegistryRule; number: number }>();
  for (const [index, rule] of rules.entries()) {
    const number = index + 1;
    const same = byPrefix.get(rule.prefix);
    if (same !== undefined) throw invalid(file, `registry ${number}: ${rule.prefix} is in registry ${same} already`);
    byPrefix.set(rule.prefix, number);
    const place = rule.location === undefined ? rule.prefix : canonicalPrefix(rule.location);
    const other = byLocation.get(place) ?? { rule, number };
    byLocation.set(place, other);
    for (const key of ['blocked', 'insecure'] as const) {
      if (other.rule[key] === rule[key]) continue;
      throw invalid(
        file,
        `registry ${number}: ${place} is ${key} here and not in registry ${other.number}, or the reverse`,
      );
    }
  }
}

function invalid(file: string, message: string): CosaError {
  return usageError('REGISTRIES_CONF_INVALID', message, {
    where: { file },
    hint: 'see containers-registries.conf(5)',
  });
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
