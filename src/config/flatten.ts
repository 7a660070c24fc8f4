import type { SourcePosition } from '../lib/errors.ts';
import { compareBytes } from '../lib/order.ts';
import type { Fragment } from './fragment.ts';
import type { MergedKeyTable } from './key-table.ts';
import { substitution, type VariableValue } from './substitute.ts';
import { type TreefileValues, treefileKeys } from './treefile-keys.ts';

/** Where a value stands: a fragment, and a path in its file. */
export interface Origin {
  fragment: Fragment;
  path: readonly PropertyKey[];
}

/** A key of the flattened treefile, and where it comes from. */
export interface FlatValue {
  value: unknown;
  /** Of the value; of a list or map, that of the strongest file which has the key. */
  origin: Origin;
  /** Of a list's items, in their order; of a map's members by name. */
  members: readonly Origin[] | ReadonlyMap<string, Origin> | undefined;
}

type Flat = Map<keyof TreefileValues, FlatValue>;

const table: MergedKeyTable = treefileKeys;

/**
 * Merges what the files of an include tree set, key by key, as the table says.
 * @param fragments strongest first
 */
export function flatten(fragments: readonly Fragment[]): Flat {
  const flat: Flat = new Map();
  for (const [name, { merge }] of Object.entries(table)) {
    const key = name as keyof TreefileValues;
    const setters = fragments.filter(({ values }) => values[key] !== undefined);
    const [strongest] = setters;
    if (strongest === undefined) continue;
    const origin = originOf(strongest, key);
    if (merge === 'replace')
      flat.set(key, { value: strongest.values[key], origin, members: membersOf(strongest, key) });
    else if (merge === 'map') flat.set(key, { ...mergedMap(setters, key), origin });
    else flat.set(key, { ...mergedList(setters, key, merge === 'set'), origin });
  }
  if (fragments.length > 1) settleRepositoryPackages(flat);
  return flat;
}

function originOf(fragment: Fragment, key: string, member?: PropertyKey): Origin {
  const place = fragment.places.get(key) ?? { path: [key] };
  if (member === undefined || place.impliedBy !== undefined) return { fragment, path: place.path };
  const item = typeof member === 'number' ? place.items?.[member] : undefined;
  return { fragment, path: item ?? [...place.path, member] };
}

function membersOf(fragment: Fragment, key: keyof TreefileValues): FlatValue['members'] {
  const value: unknown = fragment.values[key];
  if (Array.isArray(value)) return value.map((_, index) => originOf(fragment, key, index));
  if (value === null || typeof value !== 'object') return undefined;
  return new Map(Object.keys(value).map((name) => [name, originOf(fragment, key, name)]));
}

function mergedMap(strongestFirst: readonly Fragment[], key: keyof TreefileValues) {
  const value = new Map<string, unknown>();
  const members = new Map<string, Origin>();
  for (const fragment of [...strongestFirst].reverse()) {
    for (const [name, member] of Object.entries(fragment.values[key] as object)) {
      value.set(name, member);
      members.set(name, originOf(fragment, key, name));
    }
  }
  return { value: Object.fromEntries(value), members };
}

function mergedList(strongestFirst: readonly Fragment[], key: keyof TreefileValues, isSet: boolean) {
  const items: { value: unknown; origin: Origin }[] = [];
  for (const fragment of [...strongestFirst].reverse()) {
    for (const [index, value] of (fragment.values[key] as unknown[]).entries()) {
      items.push({ value, origin: originOf(fragment, key, index) });
    }
  }
  const kept = isSet ? sortedOnce(items as { value: string; origin: Origin }[]) : items;
  return { value: kept.map(({ value }) => value), members: kept.map(({ origin }) => origin) };
}

function sortedOnce<Item extends { value: string }>(items: readonly Item[]): Item[] {
  const byValue = new Map<string, Item>();
  for (const item of items) if (!byValue.has(item.value)) byValue.set(item.value, item);
  return [...byValue.values()].sort((a, b) => compareBytes(a.value, b.value));
}

/** A package comes from the repository that the last entry has it in; entries that have none left are gone. */
function settleRepositoryPackages(flat: Flat): void {
  const entry = flat.get('repo-packages');
  if (entry === undefined) return;
  const seen = new Set<string>();
  const kept: { value: unknown; origin: Origin }[] = [];
  const members = entry.members as readonly Origin[];
  const list = entry.value as NonNullable<TreefileValues['repo-packages']>;
  for (const [index, { repo, packages }] of [...list.entries()].reverse()) {
    const own = packages.filter((name) => !seen.has(name));
    for (const name of own) seen.add(name);
    const origin = members[index];
    if (own.length > 0 && origin !== undefined) kept.unshift({ value: { repo, packages: own }, origin });
  }
  flat.set('repo-packages', {
    ...entry,
    value: kept.map(({ value }) => value),
    members: kept.map(({ origin }) => origin),
  });
}

/**
 * Puts variables into the values that take them.
 * @throws CosaError `CONFIG_VARIABLE_SIZE` (exit 2)
 */
export function substituteAll(flat: Flat, variables: ReadonlyMap<string, VariableValue>): void {
  const { text } = substitution(variables);
  for (const [key, entry] of flat) {
    const which = table[key]?.substituted;
    if (which === undefined) continue;
    if (typeof entry.value === 'string') {
      flat.set(key, { ...entry, value: text(entry.value, () => positionOf(entry.origin)) });
      continue;
    }
    const members = Object.entries(entry.value as object).map(([name, member]: [string, unknown]) => {
      if (typeof member !== 'string' || (which !== true && !which.includes(name))) return [name, member];
      const origin = (entry.members as ReadonlyMap<string, Origin>).get(name) ?? entry.origin;
      return [name, text(member, () => positionOf(origin))];
    });
    flat.set(key, { ...entry, value: Object.fromEntries(members) as unknown });
  }
}

/** The place of a value in its file. */
export function positionOf({ fragment, path }: Origin): SourcePosition {
  return fragment.file.valuePosition(path);
}
