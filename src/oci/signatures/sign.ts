import type { ContentStore } from '../store.ts';
import type { Descriptor } from '../types.ts';
import { addSignature } from './attachment.ts';
import { attachBundle, makeBundle } from './bundle.ts';
import { type SigningKey, signBytes } from './keys.ts';
import { simpleSigningPayload } from './simple-signing.ts';
import { checkSignatures } from './verify.ts';

/**
 * Signs a manifest or index in both forms: the attachment, which names the image, and the bundle. What the key has
 * signed already is not signed again.
 * @param identity the name in the attachment: `registry.example.com/os/example`, with or without a tag
 * @param shared as in {@link addSignature}
 * @returns true if something was added
 * @throws CosaError what {@link addSignature} and the store throw
 */
export async function signDescriptor(
  store: ContentStore,
  subject: Descriptor,
  { key, identity, shared }: { key: SigningKey; identity: string; shared: boolean },
): Promise<boolean> {
  const { good } = await checkSignatures(store, subject.digest, { keys: [key] });
  const attached = good.some((signature) => signature.identity === identity);
  const bundled = good.some(({ kind }) => kind === 'bundle');
  if (!attached) {
    const payload = simpleSigningPayload({ digest: subject.digest, identity });
    const signature = signBytes(key, payload).toString('base64');
    await addSignature(store, subject.digest, { payload, signature }, shared);
  }
  if (!bundled) await attachBundle(store, subject, makeBundle(key, subject.digest));
  return !(attached && bundled);
}
