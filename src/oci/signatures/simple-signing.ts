import { z } from 'zod';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { type Digest, isDigest } from '../../lib/digest.ts';
import { parse } from '../schemas.ts';

// https://github.com/containers/image/blob/main/docs/containers-signature.5.md, and cosign's use of it:
// https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md

export const simpleSigningMediaType = 'application/vnd.dev.cosign.simplesigning.v1+json';

/** Most bytes of a payload that is read. */
export const maximumPayloadBytes = 64 * 1024;

const signatureType = 'cosign container image signature';

/** What a signature says. */
export interface Claim {
  /** Of the manifest or index that is signed. */
  digest: Digest;
  /** The name that the image was signed under: `registry.example.com/os/example`, with or without a tag. */
  identity: string;
}

// Strict, as the consumers are: what is said beside it must not be overlooked.
const payload = z.strictObject({
  critical: z.strictObject({
    identity: z.strictObject({ 'docker-reference': z.string() }),
    image: z.strictObject({
      'docker-manifest-digest': z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
        error: 'expected sha256: and 64 hexadecimal digits',
      }),
    }),
    type: z.literal(signatureType),
  }),
  optional: z.looseObject({ creator: z.string().optional(), timestamp: z.int().optional() }).nullable(),
});

/** The bytes to sign: the same for the same claim, and those that cosign signs. */
export function simpleSigningPayload({ digest, identity }: Claim): Buffer {
  return Buffer.from(
    canonicalJson({
      critical: {
        identity: { 'docker-reference': identity },
        image: { 'docker-manifest-digest': digest },
        type: signatureType,
      },
      optional: null,
    }),
  );
}

/**
 * Reads what was signed.
 * @throws CosaError `SIGNATURE_INVALID` (exit 4), naming the field
 */
export function parseSimpleSigning(bytes: Uint8Array): Claim {
  const { critical } = parse(payload, Buffer.from(bytes).toString(), 'its payload', 'SIGNATURE_INVALID');
  return {
    digest: critical.image['docker-manifest-digest'],
    identity: critical.identity['docker-reference'],
  };
}
