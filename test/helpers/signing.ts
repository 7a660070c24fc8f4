import { generateKeyPairSync } from 'node:crypto';
import type { SigningKey } from '../../src/oci/signatures/keys.ts';

/** A fresh key as cosign makes them. */
export function signingKey(name: string): SigningKey {
  return { name, ...generateKeyPairSync('ec', { namedCurve: 'prime256v1' }) };
}
