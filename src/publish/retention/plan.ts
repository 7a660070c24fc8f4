import { compareBytes, sortByBytes } from '../../lib/order.ts';
import { isRule, type RetentionPolicy, type RetentionRules, rulesFor } from './policy.ts';

/** Something else that an item cannot be without. */
export interface Need {
  /** One of the {@link RetainedItem.keys} of what it needs; what nothing has is passed over. */
  key: string;
  /** Why that stays, as a clause about it: "it is the base of 13.1". */
  why: string;
}

/** Something that stays or goes as a whole, wherever it lies. */
export interface RetainedItem {
  /** Unique among all. */
  id: string;
  /** What others need it by. */
  keys: readonly string[];
  /** Where it lies, as people write it. */
  place: string;
  /** What it is, for people: `container`, `release`. */
  kind: string;
  /** For people: its version, or its digest. */
  name: string;
  stream: string | undefined;
  version: string | undefined;
  /** When it was made, by its own word: milliseconds since the epoch; `undefined` if it does not say. */
  created: number | undefined;
  /** The names that patterns are held against, the version among them. */
  tags: readonly string[];
  /** False for what stays only with something that needs it: no rule is about it. */
  isBuild: boolean;
  /** Why it stays whatever the rules say, as clauses. */
  pinned: readonly string[];
  needs: readonly Need[];
}

/** What becomes of an item, and why, as clauses. */
export interface Verdict {
  item: RetainedItem;
  reasons: readonly string[];
}

export interface RetentionPlan {
  /** In the order of places, then the newest first. */
  kept: readonly Verdict[];
  /** In the order in which they are to go: what needs something goes before it. */
  removed: readonly Verdict[];
}

const millisecondsADay = 24 * 60 * 60 * 1000;

/**
 * Decides what stays and what goes. What a rule keeps stays, and what is pinned; and what any of that needs, however far
 * that leads. What does not say when it was made stays where the rules ask for it.
 * @param now milliseconds since the epoch
 */
export function planRetention(policy: RetentionPolicy, items: readonly RetainedItem[], now: number): RetentionPlan {
  const reasons = new Map<RetainedItem, Set<string>>();
  const byKey = indexByKey(items);
  const waiting: RetainedItem[] = [];
  const keep = (item: RetainedItem, why: string) => {
    const known = reasons.get(item);
    if (known === undefined) waiting.push(item);
    reasons.set(item, (known ?? new Set()).add(why));
  };
  const newest = newestVersions(policy, items, now);
  for (const item of items) {
    for (const why of item.pinned) keep(item, why);
    if (!item.isBuild) continue;
    for (const why of ruleReasons(item, rulesFor(policy, item.stream), newest, now)) keep(item, why);
  }
  for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
    for (const { key, why } of item.needs)
      for (const needed of byKey.get(key) ?? []) if (needed !== item) keep(needed, why);
  }
  const removed = items.filter((item) => !reasons.has(item)).sort(newestFirst);
  return {
    kept: items
      .filter((item) => reasons.has(item))
      .sort(newestFirst)
      .map((item) => ({ item, reasons: [...(reasons.get(item) ?? [])] })),
    removed: inOrder(removed, byKey).map((item) => ({ item, reasons: goingReasons(policy, item, now) })),
  };
}

function indexByKey(items: readonly RetainedItem[]): ReadonlyMap<string, readonly RetainedItem[]> {
  const byKey = new Map<string, RetainedItem[]>();
  for (const item of items) {
    for (const key of new Set(item.keys)) {
      const found = byKey.get(key);
      if (found === undefined) byKey.set(key, [item]);
      else found.push(item);
    }
  }
  return byKey;
}

/** The versions that are among the last of their stream in their place, as {@link versionKey}. */
function newestVersions(policy: RetentionPolicy, items: readonly RetainedItem[], now: number): ReadonlySet<string> {
  const streams = new Map<string, { rules: RetentionRules; versions: Map<string, RetainedItem> }>();
  for (const item of items) {
    // What says that it is of tomorrow takes nobody's place.
    if (!item.isBuild || item.created === undefined || isOfTheFuture(item.created, now)) continue;
    const key = JSON.stringify([item.place, item.stream]);
    const stream = streams.get(key) ?? { rules: rulesFor(policy, item.stream), versions: new Map() };
    streams.set(key, stream);
    const known = stream.versions.get(item.version ?? item.id);
    if (known === undefined || newestFirst(item, known) < 0) stream.versions.set(item.version ?? item.id, item);
  }
  const newest = new Set<string>();
  for (const { rules, versions } of streams.values()) {
    const last = [...versions.values()].sort(newestFirst).slice(0, rules.last ?? 0);
    for (const item of last) newest.add(versionKey(item));
  }
  return newest;
}

function versionKey({ place, stream, version, id }: RetainedItem): string {
  return JSON.stringify([place, stream, version ?? id]);
}

function ruleReasons(
  item: RetainedItem,
  rules: RetentionRules,
  newest: ReadonlySet<string>,
  now: number,
): readonly string[] {
  if (!isRule(rules)) return ['no rule is about its stream'];
  const { created } = item;
  const { last, days, tags = [] } = rules;
  const why: string[] = [];
  if (newest.has(versionKey(item))) why.push(`it is among the last ${last} of ${streamName(item)}`);
  if (created === undefined) {
    if (last !== undefined || days !== undefined) why.push('it does not say when it was made');
  } else if (isOfTheFuture(created, now)) why.push('it says that it is made in the future');
  else if (days !== undefined && now - created < days * millisecondsADay) why.push(`it is younger than ${days} days`);
  const pattern = tags.find((candidate) => item.tags.some((tag) => matchesPattern(candidate, tag)));
  if (pattern !== undefined) why.push(`it has a tag like "${pattern}"`);
  return why;
}

/** A day is what clocks may differ by without anybody noticing. */
function isOfTheFuture(created: number, now: number): boolean {
  return created > now + millisecondsADay;
}

function goingReasons(policy: RetentionPolicy, item: RetainedItem, now: number): readonly string[] {
  if (!item.isBuild) return ['nothing that stays needs it'];
  const { last, days } = rulesFor(policy, item.stream);
  const age = item.created === undefined ? undefined : Math.floor((now - item.created) / millisecondsADay);
  return [
    ...(last === undefined ? [] : [`it is not among the last ${last} of ${streamName(item)}`]),
    ...(days === undefined || age === undefined ? [] : [`it is ${age} days old`]),
    'nothing that stays needs it',
  ];
}

function streamName({ stream }: RetainedItem): string {
  return stream ?? 'those without a stream';
}

/** True if a pattern with `*` and `?` stands for a text. Goes back to the last star alone, so that no pattern takes for ever. */
export function matchesPattern(pattern: string, text: string): boolean {
  let [at, from] = [0, 0];
  let star: { pattern: number; text: number } | undefined;
  while (from < text.length) {
    if (pattern[at] === '*') star = { pattern: at++, text: from };
    else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[from])) {
      at++;
      from++;
    } else if (star === undefined) return false;
    else {
      at = star.pattern + 1;
      from = ++star.text;
    }
  }
  return /^\**$/.test(pattern.slice(at));
}

/** By place, then by time, then by version, then by id: to be definite. What is undated comes last. */
function newestFirst(a: RetainedItem, b: RetainedItem): number {
  return (
    compareBytes(a.place, b.place) ||
    (b.created ?? 0) - (a.created ?? 0) ||
    compareBytes(b.version ?? '', a.version ?? '') ||
    compareBytes(a.id, b.id)
  );
}

/** What needs something comes before it; of those that need each other, any is the first. */
function inOrder(
  items: readonly RetainedItem[],
  byKey: ReadonlyMap<string, readonly RetainedItem[]>,
): readonly RetainedItem[] {
  const going = new Set(items);
  const done = new Set<RetainedItem>();
  const order: RetainedItem[] = [];
  const neededBy = (item: RetainedItem) =>
    item.needs.flatMap(({ key }) => (byKey.get(key) ?? []).filter((needed) => going.has(needed)));
  // A depth-first walk without recursion: chains may be as long as anybody likes. What it leaves last goes first.
  for (const start of [...items].reverse()) {
    const path: { item: RetainedItem; left: RetainedItem[] }[] = [];
    const enter = (item: RetainedItem) => {
      if (done.has(item)) return;
      done.add(item);
      path.push({ item, left: neededBy(item) });
    };
    enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.left.pop();
      if (next !== undefined) enter(next);
      else order.push((path.pop() as { item: RetainedItem }).item);
    }
  }
  return order.reverse();
}

/** The tags that are no patterns' business, sorted. */
export function protectingTags(tags: Iterable<string>, expiring: readonly string[]): string[] {
  return sortByBytes(tags).filter((tag) => !expiring.some((pattern) => matchesPattern(pattern, tag)));
}
