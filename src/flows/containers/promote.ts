import type { Digest } from '../../lib/digest.ts';
import { usageError, verificationError } from '../../lib/errors.ts';
import { openLayoutForWriting } from '../../oci/layout.ts';
import { isTag } from '../../oci/tag.ts';
import { candidateTag } from '../build/previous.ts';
import type { Session } from '../session.ts';
import type { WorkDirectory } from '../work-directory.ts';
import { openOwn } from './tag.ts';
import { testStatus, unmetReason } from './test-status.ts';

export interface PromoteOptions {
  stream: string;
  /** What to promote; the stream's candidate unless given. */
  from: string | undefined;
  /** Suites and tests that must have passed for its digest: `basic`, `basic/ssh`. */
  require: readonly string[];
}

export interface Promotion {
  stream: string;
  digest: Digest;
  /** Where the stream pointed before. */
  previous: Digest | undefined;
  /** False if the stream pointed there already. */
  moved: boolean;
}

/**
 * Moves a stream's tag to a container whose tests have passed. If the tag moves meanwhile, nothing is done.
 * @throws CosaError `TESTS_NOT_PASSED` saying why, `TAG_MOVED` (exit 4), what `openReference` throws (exit 2)
 */
export async function promote(session: Session, work: WorkDirectory, options: PromoteOptions): Promise<Promotion> {
  const { stream, require } = options;
  if (!isTag(stream)) throw usageError('TAG_INVALID', `"${stream}" cannot be a stream: it is not a tag`);
  const from = options.from ?? candidateTag(stream);
  const { reader, descriptor } = await openOwn(session, work, from);
  const { digest } = descriptor;
  const statuses = await testStatus(reader, digest);
  const reasons = require.flatMap((requirement) => unmetReason(requirement, statuses) ?? []);
  if (reasons.length > 0) {
    throw verificationError(
      'TESTS_NOT_PASSED',
      `${from} (${digest}) is not promoted to ${stream}: ${reasons.join('; ')}`,
      {
        hint: `run the tests: cosa test --from ${digest}`,
      },
    );
  }
  const previous = (await reader.resolveTag(stream))?.digest;
  if (previous === digest) return { stream, digest, previous, moved: false };
  await using store = await openLayoutForWriting(work.oci);
  await store.setTags([stream], descriptor, new Map([[stream, previous]]));
  return { stream, digest, previous, moved: true };
}
