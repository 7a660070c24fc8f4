import { candidateSuffix, candidateTag } from '../../contract/tags.ts';
import { sortByBytes } from '../../lib/order.ts';
import type { SiteBuild, SiteStream } from '../../publish/site/model.ts';

/**
 * The streams of some builds: those that builds say they are of, those that have a candidate, and every other tag that is not
 * a build's version, for a tag that moves is what a machine can follow.
 * @param builds newest first
 * @returns by name
 */
export function streamsOf(builds: readonly SiteBuild[]): SiteStream[] {
  const names = new Set<string>();
  for (const { stream, tags, version } of builds) {
    if (stream !== undefined && stream !== '') names.add(stream);
    for (const tag of tags) {
      if (isVersionTag(tag, version)) continue;
      names.add(tag.endsWith(candidateSuffix) ? tag.slice(0, -candidateSuffix.length) : tag);
    }
  }
  const tagged = new Map<string, SiteBuild[]>();
  for (const build of builds) {
    for (const tag of build.tags) tagged.set(tag, [...(tagged.get(tag) ?? []), build]);
  }
  const labelled = new Map<string, SiteBuild[]>();
  for (const build of builds) {
    const own = labelled.get(build.stream ?? '') ?? [];
    own.push(build);
    labelled.set(build.stream ?? '', own);
  }
  return sortByBytes(names).map((name) => {
    const promoted = tagged.get(name) ?? [];
    const candidates = tagged.get(candidateTag(name)) ?? [];
    const members = new Set([...(labelled.get(name) ?? []), ...promoted, ...candidates]);
    return { name, promoted, candidates, builds: builds.filter((build) => members.has(build)) };
  });
}

/** The version, alone or with an architecture behind it. */
function isVersionTag(tag: string, version: string | undefined): boolean {
  return version !== undefined && version !== '' && (tag === version || tag.startsWith(`${version}-`));
}
