import { resolve } from 'node:path';
import type { Digest } from '../../lib/digest.ts';
import { usageError, verificationError } from '../../lib/errors.ts';
import { parseImageName } from '../../oci/image-name.ts';
import { type OpenedReference, openReference } from '../../oci/open.ts';
import { findPolicy, readPolicy } from '../../oci/policy/find.ts';
import { admitEveryImage } from '../../oci/policy.ts';
import { type IdentityRule, refuseIdentity } from '../../oci/signatures/identity.ts';
import { readKeyFile } from '../../oci/signatures/key-files.ts';
import { reasonLines, signHint } from '../../oci/signatures/messages.ts';
import { checkSignatures, type GoodSignature } from '../../oci/signatures.ts';
import { runStep } from '../../progress/step.ts';
import { workDirectoryFor } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';

export interface VerifyOptions {
  /** Where the command runs; relative paths start there. */
  directory: string;
  reference: string;
  /** File with a public key, by which it must be signed. */
  key?: string | undefined;
  /** With a key: the name that it must have been signed under. */
  identity?: string | undefined;
  /** A policy file; that in force unless this or a key is given. */
  policy?: string | undefined;
}

export interface VerifiedImage {
  digest: Digest;
  /** Those that were accepted. */
  signatures: readonly GoodSignature[];
  /** The policy's file that accepted it, and the part of it that counts; not with a key. */
  policy?: string | undefined;
  section?: string | undefined;
}

/**
 * Checks a container's signatures: by a key, or as a policy wants it. With a key it is what the reference names that
 * must be signed, as cosign has it; under a policy it is every image that the reference names.
 * @throws CosaError `SIGNATURE_REQUIRED`, `POLICY_REJECTED`, `POLICY_UNSUPPORTED` (exit 4), `POLICY_MISSING`,
 *   `POLICY_INVALID`, `KEY_MISSING`, `KEY_INVALID`, `IDENTITY_INVALID` (exit 2), what `openReference` throws
 */
export async function verifyImage(session: Session, options: VerifyOptions): Promise<VerifiedImage> {
  const { directory, key, identity, policy } = options;
  const work = await workDirectoryFor(directory, options.reference);
  const reference = await openReference(options.reference, work.root, session.registries);
  return key === undefined
    ? verifyByPolicy(session, reference, policy === undefined ? work.root : { file: resolve(directory, policy) })
    : verifyByKey(session, reference, resolve(directory, key), identity);
}

async function verifyByKey(
  session: Session,
  { reader, descriptor, name, place }: OpenedReference,
  file: string,
  identity: string | undefined,
): Promise<VerifiedImage> {
  const key = await readKeyFile(file);
  const rule = identity === undefined ? undefined : identityRule(identity);
  return runStep(session, 'check signatures', async (reporter) => {
    const { digest } = descriptor;
    const { good, refused } = await checkSignatures(reader, digest, {
      keys: [key],
      refuseIdentity: rule === undefined ? undefined : (signed) => refuseIdentity(rule, undefined, signed),
    });
    if (good.length === 0) {
      const found = refused.length === 0 ? 'has no signature' : `has no signature made with ${file} that will do`;
      throw verificationError(
        'SIGNATURE_REQUIRED',
        [`${name} (${digest}) ${found}`, ...reasonLines(refused)].join('\n'),
        {
          hint: signHint(name, place),
        },
      );
    }
    reporter.note(`${good.length} good`);
    return { digest, signatures: good };
  });
}

function identityRule(text: string): IdentityRule {
  const name = parseImageName(text);
  if (name === undefined || name.digest !== undefined) {
    throw usageError('IDENTITY_INVALID', `"${text}" is not a name to sign under`, {
      hint: 'write HOST/REPOSITORY or HOST/REPOSITORY:TAG',
    });
  }
  return name.tag === undefined
    ? { type: 'exactRepository', dockerRepository: text }
    : { type: 'exactReference', dockerReference: text };
}

async function verifyByPolicy(
  session: Session,
  reference: OpenedReference,
  where: string | { file: string },
): Promise<VerifiedImage> {
  const { digest } = reference.descriptor;
  const policy = typeof where === 'string' ? await findPolicy(where) : await readPolicy(where.file);
  if (policy === undefined) {
    throw usageError('POLICY_MISSING', `nothing says how ${reference.name} must be signed: there is no policy.json`, {
      hint: 'give a key, with --key FILE',
    });
  }
  const { signatures, section } = await admitEveryImage(session, policy, reference);
  return { digest, signatures, policy: policy.path, section };
}
