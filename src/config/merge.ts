import { canonicalJson, type Json } from '../lib/canonical-json.ts';
import { sortByBytes } from '../lib/order.ts';
import type { MergedKeyTable, MergeRule } from './key-table.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * Merges what several files set, key by key, as the table says (see {@link MergeRule}); keys that no file sets get
 * their default, and keys without one stay out.
 * @param files the values of each file, strongest first
 */
export function mergeValues(table: MergedKeyTable, files: readonly Values[]): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(table)) {
    const found = files.map((values) => values[name]).filter((value) => value !== undefined);
    const value = found.length === 0 ? key.default : mergeKey(key.merge, found);
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}

/** Merges two plain values: maps key by key, lists as {@link joined} has it; else `strong` counts. */
export function mergeDeep(strong: Json, weak: Json | undefined): Json {
  if (isList(weak) && isList(strong)) return joined(strong, weak);
  if (!isMap(weak) || !isMap(strong)) return strong;
  const merged = new Map(Object.entries(weak));
  for (const [key, value] of Object.entries(strong)) merged.set(key, mergeDeep(value, merged.get(key)));
  return Object.fromEntries(merged);
}

function mergeKey(rule: MergeRule, strongestFirst: readonly unknown[]): unknown {
  const weakestFirst = [...strongestFirst].reverse();
  switch (rule) {
    case 'replace':
      return strongestFirst[0];
    case 'append':
      return (weakestFirst as unknown[][]).flat(1);
    case 'set':
      return sortByBytes(new Set((weakestFirst as string[][]).flat(1)));
    case 'joined':
      return (strongestFirst as unknown[][]).reduce(joined);
    case 'map':
      return Object.assign({}, ...(weakestFirst as object[])) as unknown;
  }
}

/** The strong list, and then what the weak one alone has. What stands twice in one of them stays. */
export function joined<T>(strong: readonly T[], weak: readonly T[]): T[] {
  const known = new Set(strong.map((item) => canonicalJson(item as Json)));
  return [...strong, ...weak.filter((item) => !known.has(canonicalJson(item as Json)))];
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isMap(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
