import type { SiteBuild, SiteModel } from './model.ts';

/** How far a build has come, and how its tests went. */
export interface BuildState {
  /** Streams whose tag points to it. */
  promotedTo: readonly string[];
  /** Streams whose candidate it is. */
  candidateOf: readonly string[];
  verdict: Verdict;
}

/** `partial`: what was run has passed, but no suite was run as a whole. */
type Verdict = 'passed' | 'failed' | 'partial' | 'untested';

/** What the results of a build's tests come to. */
function verdictOf({ suites }: Pick<SiteBuild, 'suites'>): Verdict {
  if (suites.length === 0) return 'untested';
  if (suites.some(({ passed }) => !passed)) return 'failed';
  return suites.some(({ complete }) => complete) ? 'passed' : 'partial';
}

/** The states of all builds. */
export function buildStates({
  builds,
  streams,
}: Pick<SiteModel, 'builds' | 'streams'>): ReadonlyMap<SiteBuild, BuildState> {
  const promoted = new Map<SiteBuild, string[]>();
  const candidates = new Map<SiteBuild, string[]>();
  for (const { name, promoted: now, candidates: next } of streams) {
    for (const build of now) promoted.set(build, [...(promoted.get(build) ?? []), name]);
    for (const build of next) candidates.set(build, [...(candidates.get(build) ?? []), name]);
  }
  return new Map(
    builds.map((build) => [
      build,
      {
        promotedTo: promoted.get(build) ?? [],
        candidateOf: candidates.get(build) ?? [],
        verdict: verdictOf(build),
      },
    ]),
  );
}
