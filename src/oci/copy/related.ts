import { type Digest, digestHex } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import type { ContentReader } from '../store.ts';
import type { Descriptor } from '../types.ts';

/** A build has a few test results, signatures and lists of its parts; a hostile registry has no end of them. */
const maximumReferrers = 1000;

/** Lists of referrers that are asked for at once. */
const listsAtOnce = 8;

/** Where cosign keeps what it attaches: https://github.com/sigstore/cosign/blob/v2.2.0/specs/SIGNATURE_SPEC.md#tag-based-discovery */
const attachmentSuffixes = ['sig', 'att', 'sbom'];

/** A manifest that refers to another. */
export interface Referrer {
  subject: Digest;
  descriptor: Descriptor;
}

interface ReferrersOptions {
  maximum?: number;
  isLeft?: (descriptor: Descriptor) => boolean;
}

/**
 * Everything that refers to the subjects, and what refers to that in turn: each once, after its subject.
 * @param where names the source in errors
 * @param options.maximum a caller that removes them reads more
 * @param options.isLeft told of what is to be left out, with all that refers to it
 * @throws CosaError `REFERRERS_TOO_MANY` (exit 4), what `referrers` throws
 */
export async function readReferrers(
  reader: Pick<ContentReader, 'referrers'>,
  subjects: readonly Digest[],
  where: string,
  { maximum = maximumReferrers, isLeft = () => false }: ReferrersOptions = {},
): Promise<Referrer[]> {
  const found: Referrer[] = [];
  const known = new Set(subjects);
  const waiting = [...subjects];
  while (waiting.length > 0) {
    const asked = waiting.splice(0);
    // One round for all that is known so far: a registry far away is waited for as often as referrers refer to referrers.
    const listed = await mapParallel(asked, (subject) => reader.referrers(subject), listsAtOnce);
    for (const [index, subject] of asked.entries()) {
      for (const descriptor of listed[index] ?? []) {
        if (known.has(descriptor.digest) || isLeft(descriptor)) continue;
        if (found.length === maximum) throw tooMany(where, maximum);
        known.add(descriptor.digest);
        waiting.push(descriptor.digest);
        found.push({ subject, descriptor });
      }
    }
  }
  return found;
}

/** What cosign has attached to the subjects under tags made of their digests: tag → manifest. */
export async function readAttachments(
  reader: Pick<ContentReader, 'resolveTag'>,
  subjects: readonly Digest[],
): Promise<Map<string, Descriptor>> {
  const tags = subjects.flatMap((subject) =>
    attachmentSuffixes.map((suffix) => `sha256-${digestHex(subject)}.${suffix}`),
  );
  const found = await mapParallel(tags, (tag) => reader.resolveTag(tag), attachmentSuffixes.length);
  const attachments = new Map<string, Descriptor>();
  for (const [index, tag] of tags.entries()) {
    const descriptor = found[index];
    if (descriptor !== undefined) attachments.set(tag, descriptor);
  }
  return attachments;
}

function tooMany(where: string, maximum: number) {
  return verificationError('REFERRERS_TOO_MANY', `more than ${maximum} manifests refer to ${where}`, {
    hint: 'copy the image alone, without what refers to it',
  });
}
