import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, Verifier } from '@sigstore/verify';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { digestHex, digestOf } from '../../../src/lib/digest.ts';
import { makeBundle, parseBundle, parseStatement } from '../../../src/oci/signatures/bundle.ts';
import { isSignedBy, type SigningKey } from '../../../src/oci/signatures/keys.ts';
import { signingKey } from '../../helpers/signing.ts';

const subject = digestOf('image');
let key: SigningKey;
beforeAll(() => {
  key = signingKey('release.key');
});

interface Document {
  mediaType: string;
  verificationMaterial: { publicKey: { hint: string } };
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] };
}
const document = () => JSON.parse(makeBundle(key, subject).toString()) as Document;

/** Checks a bundle with sigstore's own library, offline, by key alone. */
function verifyWithSigstore(bundle: unknown): void {
  const keyOf = () => ({ publicKey: key.publicKey, validFor: () => true });
  const trust = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [], publicKey: keyOf };
  const thresholds = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };
  new Verifier(trust, thresholds).verify(toSignedEntity(bundleFromJSON(bundle)));
}

it("is a bundle that sigstore's own library accepts", () => {
  verifyWithSigstore(document());
  const other = document();
  other.dsseEnvelope.payload = Buffer.from('{}').toString('base64');
  expect(() => verifyWithSigstore(other)).toThrow();
});

it("holds cosign's statement about the image", () => {
  const { dsseEnvelope, verificationMaterial } = document();
  expect(JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString())).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: digestHex(subject) } }],
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    predicate: {},
  });
  expect(dsseEnvelope.payloadType).toBe('application/vnd.in-toto+json');
  expect(Buffer.from(verificationMaterial.publicKey.hint, 'base64')).toHaveLength(32);
});

describe('parseBundle', () => {
  it('gives what the signature is over, and what it says', () => {
    const { signedBytes, signature, payload } = parseBundle(makeBundle(key, subject).toString());
    expect(isSignedBy(key, signedBytes, signature)).toBe(true);
    expect(parseStatement(payload)).toEqual([subject]);
  });

  it.each<[string, (bundle: Document) => unknown, string]>([
    ['no JSON', () => undefined, 'its bundle is not JSON'],
    [
      'another version',
      (bundle) => (bundle.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.1'),
      'its bundle: mediaType: Invalid input: expected "application/vnd.dev.sigstore.bundle.v0.3+json"',
    ],
    [
      'no signature',
      (bundle) => bundle.dsseEnvelope.signatures.pop(),
      'its bundle: dsseEnvelope.signatures: Too small: expected array to have >=1 items',
    ],
    [
      'several signatures',
      (bundle) => bundle.dsseEnvelope.signatures.push({ sig: '' }),
      'its bundle: dsseEnvelope.signatures: Too big: expected array to have <=1 items',
    ],
    [
      'a signature cut short',
      (bundle) =>
        (bundle.dsseEnvelope.signatures = bundle.dsseEnvelope.signatures.map(({ sig }) => ({ sig: sig.slice(0, 9) }))),
      'its bundle: dsseEnvelope.signatures.0.sig: expected base64',
    ],
    [
      'another payload',
      (bundle) => (bundle.dsseEnvelope.payloadType = 'text/plain'),
      'its bundle: dsseEnvelope.payloadType: Invalid input: expected "application/vnd.in-toto+json"',
    ],
  ])('refuses %s', (what, change, message) => {
    const changed = document();
    change(changed);
    const text = what === 'no JSON' ? '{' : JSON.stringify(changed);
    expect(() => parseBundle(text)).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_INVALID', message, exitStatus: 4 }),
    );
  });
});

describe('parseStatement', () => {
  it.each([
    ['no JSON', '', 'its statement is not JSON'],
    [
      'another statement: an attestation says nothing of a signature',
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ digest: {} }],
        predicateType: 'https://slsa.dev/provenance/v1',
      }),
      'its statement: predicateType: Invalid input: expected "https://sigstore.dev/cosign/sign/v1"',
    ],
    [
      'no subject',
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        subject: [],
        predicateType: 'https://sigstore.dev/cosign/sign/v1',
      }),
      'its statement: subject: Too small: expected array to have >=1 items',
    ],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseStatement(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_INVALID', message, exitStatus: 4 }),
    );
  });

  it('throws nothing but its own error, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => parseStatement(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'SIGNATURE_INVALID' }));
        expect(() => parseBundle(text)).toThrow(expect.objectContaining({ code: 'SIGNATURE_INVALID' }));
      }),
    );
  });
});
