import { checkAttestations } from '../../oci/signatures/attestations.ts';
import { attachBundle, signStatement } from '../../oci/signatures/bundle.ts';
import type { SigningKey } from '../../oci/signatures/keys.ts';
import { signDescriptor } from '../../oci/signatures.ts';
import type { ContentStore } from '../../oci/store.ts';
import { hasRecord, provenancePredicate, provenanceStatement, refuseProvenance } from './provenance.ts';
import type { StoredDiskImage } from './read.ts';

/**
 * Signs a disk image's manifest as a container is signed, and stores the provenance of it beside it, signed by the same
 * key. What the key has signed already is not signed again. An image without a record gets no provenance, nor does a
 * customized one: nothing tells what it was made of.
 * @param options.identity the name that it is signed under: `registry.example.com/os/example`
 * @returns true if something was added
 * @throws CosaError what `signDescriptor` and the store throw
 */
export async function signDiskImage(
  store: ContentStore,
  image: StoredDiskImage,
  options: { key: SigningKey; identity: string; shared: boolean },
): Promise<boolean> {
  const { descriptor } = image;
  const { key, identity } = options;
  const signed = await signDescriptor(store, descriptor, options);
  if (!hasRecord(image)) return signed;
  const expectation = { predicateType: provenancePredicate, keys: [key] };
  const { good } = await checkAttestations(store, descriptor.digest, expectation);
  if (good.some(({ statement }) => refuseProvenance(statement, image) === undefined)) return signed;
  const bundle = signStatement(key, provenanceStatement(image, identity));
  await attachBundle(store, descriptor, bundle, provenancePredicate);
  return true;
}
