import { type Group, merge, mergeCost } from './group.ts';

/** A group with the one that it would cost least to merge it with. */
interface Candidate {
  group: Group;
  partner: Group | undefined;
  cost: number;
}

/**
 * Merges the two groups that cost least together, again and again until no more than `limit` (at least 1) are left.
 * Each group remembers its best partner, so that a merge makes only those look again whose partner is gone.
 */
export function reduceGroups(all: readonly Group[], limit: number): Group[] {
  let candidates = all.map((group) => withBestPartner(group, all));
  while (candidates.length > limit) {
    const { group, partner } = candidates.reduce((least, next) => (next.cost < least.cost ? next : least));
    if (partner === undefined) break;
    const joined = merge(group, partner);
    const others = candidates.filter((candidate) => candidate.group !== group && candidate.group !== partner);
    const groups = [joined, ...others.map((other) => other.group)];
    candidates = [
      withBestPartner(joined, groups),
      ...others.map((other) =>
        other.partner === group || other.partner === partner
          ? withBestPartner(other.group, groups)
          : betterOf(other, joined),
      ),
    ];
  }
  return candidates.map(({ group }) => group);
}

function withBestPartner(group: Group, groups: readonly Group[]): Candidate {
  let best: Candidate = { group, partner: undefined, cost: Number.POSITIVE_INFINITY };
  for (const other of groups) if (other !== group) best = betterOf(best, other);
  return best;
}

function betterOf(candidate: Candidate, other: Group): Candidate {
  const cost = mergeCost(candidate.group, other);
  return cost < candidate.cost ? { group: candidate.group, partner: other, cost } : candidate;
}
