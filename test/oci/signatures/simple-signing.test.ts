import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { parseSimpleSigning, simpleSigningPayload } from '../../../src/oci/signatures/simple-signing.ts';

const digest = digestOf('image');

it("writes cosign's bytes", () => {
  expect(simpleSigningPayload({ digest, identity: 'registry.example.com/os/example' }).toString()).toBe(
    `{"critical":{"identity":{"docker-reference":"registry.example.com/os/example"},"image":{"docker-manifest-digest":"${digest}"},` +
      '"type":"cosign container image signature"},"optional":null}',
  );
});

it('reads back what it writes', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: 'grapheme' }), (content, identity) => {
      const claim = { digest: digestOf(content), identity };
      expect(parseSimpleSigning(simpleSigningPayload(claim))).toEqual(claim);
    }),
  );
});

it('reads what podman and skopeo write', () => {
  const written = payload((it) => (it.optional = { creator: 'containers/image 5.34.2', timestamp: 1_750_000_000 }));
  expect(parseSimpleSigning(Buffer.from(written))).toEqual({ digest, identity: 'a.example/b' });
});

function payload(change: (document: Document) => void = () => undefined): string {
  const document: Document = JSON.parse(
    simpleSigningPayload({ digest, identity: 'a.example/b' }).toString(),
  ) as Document;
  change(document);
  return JSON.stringify(document);
}

interface Document {
  critical: { image: Record<string, unknown>; identity: Record<string, unknown>; type: unknown; extra?: unknown };
  optional?: unknown;
}

describe('parseSimpleSigning', () => {
  it.each([
    ['no JSON', '{', 'its payload is not JSON'],
    ['another document', '[]', 'its payload: the document: Invalid input: expected object, received array'],
    [
      'nothing optional',
      payload((it) => delete it.optional),
      'its payload: optional: Invalid input: expected object, received undefined',
    ],
    [
      'a timestamp between seconds',
      payload((it) => (it.optional = { timestamp: 1.5 })),
      'its payload: optional.timestamp: Invalid input: expected int, received number',
    ],
    [
      "GPG's type",
      payload((it) => (it.critical.type = 'atomic container signature')),
      'its payload: critical.type: Invalid input: expected "cosign container image signature"',
    ],
    [
      'another digest algorithm',
      payload((it) => (it.critical.image['docker-manifest-digest'] = 'sha512:00')),
      'its payload: critical.image.docker-manifest-digest: expected sha256: and 64 hexadecimal digits',
    ],
    [
      'a reference that is no text',
      payload((it) => (it.critical.identity['docker-reference'] = 1)),
      'its payload: critical.identity.docker-reference: Invalid input: expected string, received number',
    ],
    [
      'a further condition',
      payload((it) => (it.critical.extra = 1)),
      'its payload: critical: Unrecognized key: "extra"',
    ],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseSimpleSigning(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_INVALID', message, exitStatus: 4 }),
    );
  });

  it('throws nothing but its own error, whatever it is given', () => {
    const document = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(document, (bytes) => {
        expect(() => parseSimpleSigning(bytes)).toThrow(expect.objectContaining({ code: 'SIGNATURE_INVALID' }));
      }),
    );
  });
});
