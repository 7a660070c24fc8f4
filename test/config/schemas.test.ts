import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { configSchemas } from '../../scripts/config-schemas.ts';

const schemas = new URL('../../schemas/', import.meta.url);
const example = new URL('../../examples/debian-coreos/', import.meta.url);

function check(name: string, document: unknown) {
  const ajv = new Ajv({ strict: true, strictTypes: false, strictTuples: false });
  const validate = ajv.compile(JSON.parse(readFileSync(new URL(name, schemas), 'utf8')) as object);
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
}

test.each([...configSchemas()])('%s is what npm run docs writes', (name, text) => {
  expect(readFileSync(new URL(name, schemas), 'utf8')).toBe(text);
});

test.each([
  ['manifest.schema.json', 'manifest.yaml'],
  ['manifest.schema.json', 'manifests/users.yaml'],
  ['manifest.schema.json', 'manifests/boot.yaml'],
  ['manifest.schema.json', 'manifests/slim.yaml'],
  ['image.schema.json', 'image.yaml'],
  ['platforms.schema.json', 'platforms.yaml'],
])('%s takes %s of the example', (schema, file) => {
  expect(check(schema, parse(readFileSync(new URL(file, example), 'utf8')))).toEqual([]);
});

test.each([
  [
    'manifest.schema.json',
    { packages: null, 'packages-vax': ['a'], default_target: 'x', metadata: { a: { b: 1 } } },
    [],
  ],
  ['manifest.schema.json', { pakages: ['a'] }, [' additionalProperties']],
  [
    'manifest.schema.json',
    { 'boot-location': 'both' },
    ['/boot-location enum', '/boot-location type', '/boot-location anyOf'],
  ],
  ['image.schema.json', { size: 0, 'of-others': true }, ['/size exclusiveMinimum']],
  ['platforms.schema.json', { x86_64: { qemu: { kernel_args: [] } } }, ['/x86_64/qemu additionalProperties']],
  ['lockfile.schema.json', { packages: { a: { evra: '1-1.noarch' } }, colour: 'red' }, [' additionalProperties']],
  ['lock-overrides.schema.json', { packages: { a: { evr: '1-1', metadata: { type: 'pin' } } } }, []],
])('%s of %j', (schema, document, errors) => {
  expect(check(schema, document)).toEqual(errors);
});
