import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DocumentKind, formatMetadata, parseMetadata } from '../../../src/publish/metadata/document.ts';
import { releaseDocument } from '../../../src/publish/metadata/release.ts';
import { releaseIndexDocument } from '../../../src/publish/metadata/release-index.ts';
import { streamDocument } from '../../../src/publish/metadata/stream.ts';
import { fixture } from '../fixture.ts';

const jsonValue = fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('__proto__'));

const kinds: readonly [string, DocumentKind<object>][] = [
  ['stream.json', streamDocument],
  ['release.json', releaseDocument],
  ['releases.json', releaseIndexDocument],
];

describe.each(kinds)('%s in the form of Fedora CoreOS', (name, kind) => {
  it('is read, and nothing of it is lost', () => {
    const text = readFileSync(fixture(name), 'utf8');
    const value = parseMetadata(kind, text, name);
    expect(JSON.parse(formatMetadata(value).toString())).toEqual(JSON.parse(text));
  });

  it('keeps what is not known, wherever it stands', () => {
    const original: unknown = JSON.parse(readFileSync(fixture(name), 'utf8'));
    const places = objectsIn(original);
    const unknown = fc.record({ name: fc.stringMatching(/^x-[a-z]{1,8}$/), value: jsonValue });
    fc.assert(
      fc.property(fc.nat(places.length - 1), unknown, (place, { name: key, value }) => {
        const changed: unknown = JSON.parse(JSON.stringify(original));
        Object.assign(objectsIn(changed)[place] as object, { [key]: value });
        const read = parseMetadata(kind, JSON.stringify(changed), name);
        expect(JSON.parse(formatMetadata(read).toString())).toEqual(JSON.parse(JSON.stringify(changed)));
      }),
      { numRuns: 100 },
    );
  });
});

/** The objects whose keys are fields, and no names of platforms and the like. */
function objectsIn(value: unknown, isRecord = false): object[] {
  if (value === null || typeof value !== 'object') return [];
  const records = ['architectures', 'artifacts', 'formats', 'media', 'regions', 'images'];
  const inner = Object.entries(value).flatMap(([key, child]) => objectsIn(child, !isRecord && records.includes(key)));
  return Array.isArray(value) || isRecord ? inner : [value, ...inner];
}

const minimal = '{"stream": "stable", "metadata": {}, "architectures": {}}';

it.each([
  ['{"stream": "stable",\n "metadata"', 'METADATA_INVALID', 's.json:2:12: no stream metadata: it is not JSON'],
  ['[]', 'METADATA_INVALID', 's.json: no stream metadata: Invalid input: expected object, received array'],
  ['{}', 'METADATA_INVALID', 's.json: no stream metadata: stream: Invalid input: expected string, received undefined'],
  [minimal.replace('stable', '../x'), 'METADATA_INVALID', 's.json: no stream metadata: stream: is not a name'],
  [
    minimal.replace('"metadata": {}', '"metadata": {"last-modified": "yesterday"}'),
    'METADATA_INVALID',
    's.json: no stream metadata: metadata.last-modified: is not a time of RFC 3339',
  ],
  [
    minimal.replace('"architectures": {}', '"architectures": {"__proto__": {"artifacts": {}}}'),
    'METADATA_INVALID',
    's.json: no stream metadata: it has a key "__proto__"',
  ],
  [
    minimal.replace(
      '"architectures": {}',
      '"architectures": {"x86_64": {"artifacts": {"qemu": {"release": "1", "formats": {"qcow2": {"disk": {"location": "", "sha256": "00"}}}}}}}',
    ),
    'METADATA_INVALID',
    's.json: no stream metadata: architectures.x86_64.artifacts.qemu.formats.qcow2.disk.location: is empty',
  ],
  [`${'['.repeat(200)}`, 'METADATA_INVALID', 's.json: no stream metadata: it is nested more than 100 levels deep'],
  [
    minimal.replace('{', '{"schema-version": "2.0.0", '),
    'METADATA_NEWER',
    's.json: the stream metadata has the version 2.0.0, and this program knows 1 only',
  ],
  [
    minimal.replace('{', '{"schema-version": "new", '),
    'METADATA_INVALID',
    's.json: no stream metadata: schema-version: is not a version',
  ],
])('refuses %s', (text, code, message) => {
  expect(() => parseMetadata(streamDocument, text, 's.json')).toThrow(expect.objectContaining({ code, message }));
});

it('reads a newer minor version', () => {
  const text = minimal.replace('{', '{"schema-version": "1.7", ');
  expect(parseMetadata(streamDocument, text, 's.json')).toMatchObject({ stream: 'stable' });
});
