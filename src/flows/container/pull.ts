import { usageError } from '../../lib/errors.ts';
import { chooseImage } from '../../oci/image.ts';
import { openReference } from '../../oci/open.ts';
import { hostPlatform } from '../../oci/platform.ts';
import { admitImage } from '../../oci/policy.ts';
import type { Platform } from '../../oci/types.ts';
import type { Session } from '../../workspace/session.ts';
import { sourceTag } from '../../workspace/transfer/source-tag.ts';
import { bringIn, type Transferred } from '../../workspace/transfer.ts';
import type { WorkDirectory } from '../../workspace/work-directory.ts';

export interface PullOptions {
  reference: string;
  /** The tags that it gets in `oci/`; that of the reference if there are none. */
  tags: readonly string[];
  /** Which image of an index; the one for this machine unless given. */
  platform: Platform | undefined;
  /** Move tags of versions from one container to another, too. */
  force?: boolean;
}

/**
 * Brings an image into a work directory's `oci/`, with its test results, signatures and whatever else refers to it.
 * The policy in force must accept it.
 * @throws CosaError `PULL_TAG` (exit 2), what `openReference`, `chooseImage`, `admitImage` and `bringIn` throw
 */
export async function pullContainer(session: Session, work: WorkDirectory, options: PullOptions): Promise<Transferred> {
  const { reference, platform = hostPlatform(), force = false } = options;
  const opened = await openReference(reference, work.root, session.registries);
  const tag = sourceTag(opened);
  const tags = options.tags.length > 0 ? options.tags : tag === undefined ? [] : [tag];
  if (tags.length === 0) {
    throw usageError('PULL_TAG', `${reference} names no tag: nothing says which it gets in ${work.oci}`, {
      hint: `name one: cosa pull --tag TAG ${reference}`,
    });
  }
  const descriptor = await chooseImage(opened.reader, opened.descriptor, platform);
  const { reference: admitted } = await admitImage(session, work.root, opened, descriptor);
  return bringIn(session, work, admitted, { tags, extent: 'everything', force });
}
