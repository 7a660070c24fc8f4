import type { Changelogs } from '../../../contract/changelogs.ts';
import type { LockedPackage } from '../../../contract/lockfile.ts';
import { attempt } from '../../../oci/attempt.ts';
import { changelogChanges, type SourceChanges } from '../../../workspace/containers/changelog-changes.ts';
import { attachedChangelogs } from '../../../workspace/containers/changelogs.ts';
import type { PackageChanges } from '../../../workspace/containers/package-changes.ts';
import { summarize } from '../../../workspace/containers/summary.ts';
import type { ResolvedImage } from '../../../workspace/resolve-image.ts';

/** What the newer packages' changelogs say, by source package; a reason where it is not known. */
export type ChangelogDifference = { sources: readonly SourceChanges[] } | { sources?: undefined; reason: string };

/**
 * Compares what lies beside two containers of their packages' changelogs.
 * @param packages of the newer container
 */
export async function changelogDifference(
  from: ResolvedImage,
  to: ResolvedImage,
  upgraded: PackageChanges['upgraded'],
  packages: readonly Pick<LockedPackage, 'name' | 'architecture' | 'source'>[],
): Promise<ChangelogDifference> {
  const [before, after] = [await changelogsOf(from), await changelogsOf(to)];
  if (before.changelogs === undefined) return { reason: before.reason };
  if (after.changelogs === undefined) return { reason: after.reason };
  return { sources: changelogChanges(upgraded, packages, before.changelogs, after.changelogs) };
}

async function changelogsOf({
  reference,
  image,
}: ResolvedImage): Promise<{ changelogs: Changelogs } | { changelogs?: undefined; reason: string }> {
  const { value, reason } = await attempt(() => attachedChangelogs(reference.reader, image.descriptor.digest));
  if (value !== undefined) return { changelogs: value };
  const { version, digest } = summarize(image);
  return {
    reason:
      reason ??
      `no changelogs lie beside ${version ?? digest}: it was made by others, or copied without what refers to it`,
  };
}
