import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { namedDiskImages } from '../../disk/distribution/offered.ts';
import { readDiskImage } from '../../disk/distribution/read.ts';
import { signDiskImage } from '../../disk/distribution/sign.ts';
import type { Digest } from '../../lib/digest.ts';
import { isSystemError, usageError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { openReference } from '../../oci/open.ts';
import { readSigningKeyFile } from '../../oci/signatures/key-files.ts';
import { generateKeyPair } from '../../oci/signatures/keys.ts';
import { signDescriptor } from '../../oci/signatures.ts';
import { mediaTypes } from '../../oci/types.ts';
import { runStep } from '../../progress/step.ts';
import { imageManifests, imagesAtOnce } from '../../workspace/containers/images.ts';
import { workDirectoryFor } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { signedName } from '../../workspace/signed-name.ts';

export interface SignOptions {
  /** Where the command runs; relative paths start there. */
  directory: string;
  reference: string;
  /** File with the private key. */
  key: string;
  /** The name to sign under; that of the repository in a registry unless given. */
  identity?: string | undefined;
  /** Asked only if the key is encrypted. */
  passphrase: () => Promise<string>;
}

export interface SignedImage {
  /** Of what the reference names. */
  digest: Digest;
  /** The name that it is signed under. */
  identity: string;
  /** Digests that got a signature now; those that the key had signed before are not among them. */
  signed: readonly Digest[];
}

/**
 * Signs a container, in the forms that cosign, podman and skopeo read; of an index also each of its images, as policies
 * look at the image that will run. A disk image gets its provenance, too. Signatures by others stay; signing again adds nothing.
 * @throws CosaError `IDENTITY_REQUIRED`, `IDENTITY_INVALID` (exit 2), what `readSigningKey`, `openReference` and
 *   `signDescriptor` throw
 */
export async function signImage(session: Session, options: SignOptions): Promise<SignedImage> {
  const { directory } = options;
  const key = await readSigningKeyFile(directory, options);
  const work = await workDirectoryFor(directory, options.reference);
  const { reader, place, descriptor, name } = await openReference(options.reference, work.root, session.registries);
  const identity = signedName(options.identity, place, name);
  const disks = await mapParallel(
    await namedDiskImages(reader, descriptor),
    (offered) => readDiskImage(reader, offered),
    imagesAtOnce,
  );
  // The index last: who waits for it finds all signed.
  const subjects =
    descriptor.mediaType === mediaTypes.index
      ? [...(await imageManifests(reader, descriptor)), descriptor]
      : [descriptor];
  return runStep(session, 'sign container', async (reporter) => {
    await using store = await place.openForWriting(session.registries);
    const shared = place.setsTagsAtomically !== true;
    const signed: Digest[] = [];
    for (const disk of disks) {
      if (await signDiskImage(store, disk, { key, identity, shared })) signed.push(disk.descriptor.digest);
    }
    const diskDigests = new Set(disks.map((disk) => disk.descriptor.digest));
    for (const subject of subjects.filter(({ digest }) => !diskDigests.has(digest))) {
      if (await signDescriptor(store, subject, { key, identity, shared })) signed.push(subject.digest);
    }
    reporter.note(signed.length === 0 ? 'signed already' : `as ${identity}`);
    return { digest: descriptor.digest, identity, signed };
  });
}

/**
 * Makes a key pair: PREFIX.key, encrypted, for its owner alone, and PREFIX.pub.
 * @throws CosaError `KEY_EXISTS` (exit 2), what `passphrase` throws
 */
export async function generateKeys(
  directory: string,
  prefix: string,
  passphrase: () => Promise<string>,
): Promise<{ privateKey: string; publicKey: string }> {
  const paths = { privateKey: resolve(directory, `${prefix}.key`), publicKey: resolve(directory, `${prefix}.pub`) };
  const pair = await generateKeyPair(await passphrase());
  await writeNew(paths.privateKey, pair.privateKey, 0o600);
  await writeNew(paths.publicKey, pair.publicKey, 0o644);
  return paths;
}

/** A key that was overwritten cannot be brought back. */
async function writeNew(path: string, content: string, mode: number): Promise<void> {
  try {
    await writeFile(path, content, { flag: 'wx', mode });
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
    throw usageError('KEY_EXISTS', `${path} exists already`, { hint: 'choose another prefix' });
  }
}
