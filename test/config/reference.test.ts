import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { configReference } from '../../scripts/config-reference.ts';
import { diskKeys, diskPartitionKeys } from '../../src/config/disk-layout.ts';
import { imageFileKeys } from '../../src/config/image-keys.ts';
import { fileSchema, type KeyTable } from '../../src/config/key-table.ts';
import { platformKeys } from '../../src/config/platforms.ts';
import { releaseKeys } from '../../src/config/release.ts';
import { treefileFileKeys } from '../../src/config/treefile-keys.ts';
import { validate } from '../../src/lib/document/validate.ts';
import { parseYaml } from '../../src/lib/document/yaml.ts';

test('docs/config-reference.md is up to date', async () => {
  const committed = await readFile(new URL('../../docs/config-reference.md', import.meta.url), 'utf8');
  // If this fails: npx tsx scripts/generate-config-reference.ts
  expect(committed).toBe(configReference());
});

const tables: [string, KeyTable][] = [
  ['manifest.yaml', treefileFileKeys],
  ['image.yaml', imageFileKeys],
  ['disk.yaml', diskKeys],
  ['a partition of disk.yaml', diskPartitionKeys],
  ['platforms.yaml', platformKeys],
  ['release.yaml', releaseKeys],
];
const keys = tables.flatMap(([file, table]) =>
  Object.entries(table).map(([name, key]) => ({ file, table, name, key })),
);

test.each(keys)('the example of $name in $file is right, and so is its default', ({ table, name, key }) => {
  const schema = fileSchema(table);
  expect(validate(schema, parseYaml(`${name}: ${key.example}\n`, 'example'))).toHaveProperty(name);
  if (key.default !== undefined) {
    expect(validate(schema, parseYaml(`${name}: ${JSON.stringify(key.default)}\n`, 'default'))).toEqual({
      [name]: key.type.schema.parse(key.default),
    });
  }
});
