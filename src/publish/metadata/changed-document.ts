import { canonicalJson, type Json } from '../../lib/canonical-json.ts';

/** Who changes metadata, and when. */
export interface Author {
  /** The program with its version: `cosa 1.0.0`. */
  generator: string;
  now: Date;
}

/** What every document has of its last change. */
interface Dated {
  metadata?: { 'last-modified'?: string | undefined; generator?: string | undefined } | undefined;
}

/**
 * Gives a new document its time and author; the one that was there if both say the same, whoever wrote it and when.
 */
export function dated<Document extends Dated>(
  current: Document | undefined,
  next: Document,
  { generator, now }: Author,
): Document {
  if (current !== undefined && canonicalJson(current as Json) === canonicalJson(next as Json)) return current;
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return { ...next, metadata: { ...next.metadata, 'last-modified': time, generator } };
}
