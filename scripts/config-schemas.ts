import { z } from 'zod';
import { diskKeys } from '../src/config/disk-layout.ts';
import { imageFileKeys } from '../src/config/image-keys.ts';
import type { KeyTable } from '../src/config/key-table.ts';
import { lockOverridesSchema } from '../src/config/lock-overrides.ts';
import { platformKeys } from '../src/config/platforms.ts';
import { architecturePackages, treefileFileKeys } from '../src/config/treefile-keys.ts';
import { lockPinsSchema } from '../src/contract/lockfile.ts';

type Schema = Record<string, unknown>;

/** The files of `schemas/` by their names, for editors: JSON Schemas of the files of a config, from the tables that the program checks them with. */
export function configSchemas(): Map<string, string> {
  const treefile = table(treefileFileKeys, 'null');
  const schemas: Record<string, Schema> = {
    'manifest.schema.json': {
      title: 'manifest.yaml, and what it includes',
      type: 'object',
      properties: treefile,
      patternProperties: { '^packages-': keySchema(architecturePackages, 'none') },
      additionalProperties: false,
    },
    'image.schema.json': { title: 'image.yaml', type: 'object', properties: table(imageFileKeys, 'none') },
    'disk.schema.json': {
      title: 'disk.yaml',
      type: 'object',
      properties: table(diskKeys, 'none'),
      additionalProperties: false,
    },
    'platforms.schema.json': {
      title: 'platforms.yaml: architecture, platform, key',
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: { type: 'object', properties: table(platformKeys, 'none'), additionalProperties: false },
      },
    },
    'lockfile.schema.json': { title: 'manifest-lock.ARCH.json', ...plain(lockPinsSchema) },
    'lock-overrides.schema.json': {
      title: 'manifest-lock.overrides.yaml and manifest-lock.overrides.ARCH.yaml',
      ...plain(lockOverridesSchema),
    },
  };
  return new Map(
    Object.entries(schemas).map(([name, schema]) => {
      const text = JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...schema }, null, 2);
      return [name, `${text}\n`];
    }),
  );
}

/** @param empty whether a key may have nothing behind it */
function table(keys: KeyTable, empty: 'null' | 'none'): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(keys).flatMap(([name, key]) =>
      [name, ...(key.formerly ?? [])].map((spelling) => [spelling, keySchema(key, empty)]),
    ),
  );
}

function keySchema(key: KeyTable[string], empty: 'null' | 'none'): Schema {
  const description = `${key.description}${withoutEffect(key.unread)}`;
  const value = plain(key.type.schema);
  const fallback = key.default === undefined ? {} : { default: key.default };
  return empty === 'null'
    ? { description, ...fallback, anyOf: [value, { type: 'null' }] }
    : { description, ...fallback, ...value };
}

function withoutEffect(unread: KeyTable[string]['unread']): string {
  if (unread === undefined) return '';
  const { because, butFor } = unread;
  return butFor === undefined ? ` No effect: ${because}.` : ` Of ${butFor} systems; no effect elsewhere: ${because}.`;
}

function plain(schema: z.ZodType): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  return rest;
}
