import { sortByBytes } from './order.ts';
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * JSON with sorted keys and no white space: the same value gives the same bytes, whatever order it
 * was built in. Keys whose value is `undefined` are left out, as `JSON.stringify` does.
 */
export function canonicalJson(value: Json): string {
  return JSON.stringify(sorted(value));
}

/** As {@link canonicalJson}, indented and with a final newline: for files that people read. */
export function prettyJson(value: Json): string {
  return `${JSON.stringify(sorted(value), null, 2)}\n`;
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const object = value as { readonly [key: string]: Json | undefined };
  // Byte order, not locale order: the result must not depend on the machine.
  const keys = sortByBytes(Object.keys(object));
  // A null prototype, so that a key named __proto__ stays a key.
  const result = Object.create(null) as Record<string, Json>;
  for (const key of keys) {
    const child = object[key];
    if (child !== undefined) result[key] = sorted(child);
  }
  return result;
}
