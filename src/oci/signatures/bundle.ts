import { z } from 'zod';
import { decodeBase64 } from '../../lib/base64.ts';
import { canonicalJson, type Json } from '../../lib/canonical-json.ts';
import { type Digest, digestHex } from '../../lib/digest.ts';
import { attachArtifact } from '../artifact.ts';
import { parse } from '../schemas.ts';
import type { ContentWriter } from '../store.ts';
import type { Descriptor } from '../types.ts';
import { keyHint, type SigningKey, signBytes } from './keys.ts';

// What `cosign sign` and `cosign attest` with `--new-bundle-format` store: a sigstore bundle, with a DSSE envelope around an in-toto statement.
// https://docs.sigstore.dev/about/bundle/ https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
// https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md

export const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** Most bytes of a bundle that is read. */
export const maximumBundleBytes = 256 * 1024;

const payloadType = 'application/vnd.in-toto+json';
const statementType = 'https://in-toto.io/Statement/v1';
/** Of the statement that a key has signed an image; other bundles hold attestations about it. */
export const signaturePredicate = 'https://sigstore.dev/cosign/sign/v1';

const base64 = z.string().transform((text, context) => {
  const decoded = decodeBase64(text);
  if (decoded !== undefined) return decoded;
  context.addIssue({ code: 'custom', message: 'expected base64' });
  return z.NEVER;
});

// Certificates and entries of transparency logs may stand beside the signature: only the key counts here.
const bundle = z.object({
  mediaType: z.literal(bundleMediaType),
  dsseEnvelope: z.object({
    payload: base64,
    payloadType: z.literal(payloadType),
    signatures: z.tuple([z.object({ sig: base64 })]),
  }),
});

const statement = z.object({
  _type: z.literal(statementType),
  subject: z
    .array(z.object({ name: z.string().optional(), digest: z.record(z.string(), z.string()) }))
    .min(1)
    .max(100),
  predicateType: z.string(),
  predicate: z.custom<Json>().optional(),
});
const signatureStatement = statement.extend({ predicateType: z.literal(signaturePredicate) });

/** What is said of something, and by what kind of predicate. */
export interface Statement {
  /** What it is about: at least one. */
  subject: readonly { name?: string | undefined; digest: Readonly<Record<string, string>> }[];
  predicateType: string;
  predicate?: Json | undefined;
}

/** A bundle's parts. Nothing of it is trusted yet. */
export interface Bundle {
  /** What the signature is over. */
  signedBytes: Buffer;
  signature: Buffer;
  /** The statement; to be read once the signature is known to be good. */
  payload: Buffer;
}

/** Signs the statement that a key has signed this image. */
export function makeBundle(key: SigningKey, subject: Digest): Buffer {
  return signStatement(key, {
    subject: [{ digest: { sha256: digestHex(subject) } }],
    predicateType: signaturePredicate,
    predicate: {},
  });
}

/** Signs a statement: the same statement and key may give other bytes, as ECDSA has it. */
export function signStatement(key: SigningKey, { subject, predicateType, predicate }: Statement): Buffer {
  const about = subject.map(({ name, digest }) => ({ name, digest }));
  const payload = Buffer.from(canonicalJson({ _type: statementType, subject: about, predicateType, predicate }));
  return Buffer.from(
    canonicalJson({
      mediaType: bundleMediaType,
      verificationMaterial: { publicKey: { hint: keyHint(key) } },
      dsseEnvelope: {
        payload: payload.toString('base64'),
        payloadType,
        signatures: [{ sig: signBytes(key, envelopeBytes(payload)).toString('base64') }],
      },
    }),
  );
}

/**
 * Stores a bundle beside the image as a referrer, where cosign looks for it.
 * @param predicateType what the bundle's statement says; that it is signed unless given
 */
export async function attachBundle(
  store: ContentWriter,
  subject: Descriptor,
  content: Buffer,
  predicateType = signaturePredicate,
): Promise<Descriptor> {
  return attachArtifact(store, subject, {
    artifactType: bundleMediaType,
    title: predicateType === signaturePredicate ? 'signature.sigstore.json' : 'attestation.sigstore.json',
    content,
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': predicateType,
    },
  });
}

/**
 * Reads a bundle.
 * @throws CosaError `SIGNATURE_INVALID` (exit 4), naming the field
 */
export function parseBundle(text: string): Bundle {
  const { dsseEnvelope } = parse(bundle, text, 'its bundle', 'SIGNATURE_INVALID');
  const { payload, signatures } = dsseEnvelope;
  return { payload, signedBytes: envelopeBytes(payload), signature: signatures[0].sig };
}

/**
 * The digests that a signature's statement is about.
 * @throws CosaError `SIGNATURE_INVALID` (exit 4), naming the field
 */
export function parseStatement(payload: Buffer): string[] {
  const { subject } = parse(signatureStatement, payload.toString(), 'its statement', 'SIGNATURE_INVALID');
  return subject.flatMap(({ digest }) => (digest.sha256 === undefined ? [] : [`sha256:${digest.sha256}`]));
}

/**
 * What a bundle's statement says, whatever kind it is of.
 * @throws CosaError `SIGNATURE_INVALID` (exit 4), naming the field
 */
export function readStatement(payload: Buffer): Statement {
  return parse(statement, payload.toString(), 'its statement', 'SIGNATURE_INVALID');
}

/** DSSE's pre-authentication encoding. */
function envelopeBytes(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]);
}
