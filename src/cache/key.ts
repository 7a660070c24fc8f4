import { canonicalJson, type Json } from '../lib/canonical-json.ts';
import { sha256Hex } from '../lib/digest.ts';

/**
 * The key of a step's result: a hash of everything that goes in.
 * @param kind what is keyed, with a version to raise when the step's meaning changes: "packages-root/1"
 * @param inputs everything the result depends on, by content (digests), never by path or time
 */
export function stepKey(kind: string, inputs: Json): string {
  return sha256Hex(canonicalJson([kind, inputs]));
}
