import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { configSchemas } from '../../../scripts/config-schemas.ts';
import { metadataSchemas } from '../../../scripts/metadata-schemas.ts';
import { formatPublishedImages } from '../../../src/publish/published-images.ts';
import { examplePublishedImages } from '../example-build.ts';
import { fixture } from '../fixture.ts';

const directory = new URL('../../../schemas/', import.meta.url);

it('schemas/ is what npm run docs writes', () => {
  const there = readdirSync(directory).map((name) => [name, readFileSync(new URL(name, directory), 'utf8')] as const);
  expect(new Map(there)).toEqual(new Map([...metadataSchemas(), ...configSchemas()]));
});

describe('another validator', () => {
  const check = (schema: string, document: unknown) => {
    const ajv = new Ajv({ strict: true, strictTypes: false });
    // The package's types are those of CommonJS.
    (addFormats as unknown as (ajv: Ajv) => void)(ajv);
    const validate = ajv.compile(JSON.parse(readFileSync(new URL(schema, directory), 'utf8')) as object);
    return { valid: validate(document), errors: validate.errors ?? [] };
  };
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(fixture(name), 'utf8')) as Record<string, unknown>;

  it.each([
    ['stream.schema.json', 'stream.json'],
    ['release.schema.json', 'release.json'],
    ['release-index.schema.json', 'releases.json'],
  ])('accepts by %s what Fedora CoreOS publishes', (schema, name) => {
    expect(check(schema, read(name))).toEqual({ valid: true, errors: [] });
  });

  it('accepts by images.schema.json what we publish', () => {
    const document: unknown = JSON.parse(Buffer.from(formatPublishedImages(examplePublishedImages())).toString());
    expect(check('images.schema.json', document)).toEqual({ valid: true, errors: [] });
  });

  it.each([
    ['stream.schema.json', 'stream.json', { stream: 5 }, '/stream'],
    ['release.schema.json', 'release.json', { release: '../13' }, '/release'],
    ['release-index.schema.json', 'releases.json', { releases: [{ version: '13' }] }, '/releases/0'],
  ])('refuses by %s a bad %s', (schema, name, change, place) => {
    const { valid, errors } = check(schema, { ...read(name), ...change });
    expect(valid).toBe(false);
    expect(errors[0]?.instancePath).toBe(place);
  });
});
