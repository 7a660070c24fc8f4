import { z } from 'zod';
import { type Json, prettyJson } from '../../lib/canonical-json.ts';
import { checkDocument, type DocumentFault, faultText, parseJson } from '../../lib/document.ts';
import { type CosaError, formatPosition, verificationError } from '../../lib/errors.ts';

/** A kind of document that is published beside images. */
export interface DocumentKind<Value> {
  /** For messages: `stream metadata`. */
  what: string;
  schema: z.ZodType<Value>;
}

/** The version of all forms that we know. Fedora CoreOS names none in its documents: what has no version has this one. */
const knownMajorVersion = 1;

const versionedSchema = z.looseObject({
  'schema-version': z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9}){0,2}$/, 'is not a version')
    .optional(),
});

/**
 * Reads a document. What its schema does not know stays in the value, at whatever depth: changed and written again,
 * nothing of it is lost.
 * @param where it was found, for messages
 * @throws CosaError `METADATA_INVALID`, `METADATA_NEWER` (exit 4)
 */
export function parseMetadata<Value>({ what, schema }: DocumentKind<Value>, text: string, where: string): Value {
  const fail = (fault: DocumentFault) => invalid(what, where, fault);
  const value = parseJson(text, fail);
  const version = checkDocument(versionedSchema, value, fail)['schema-version'];
  if (version !== undefined && Number.parseInt(version, 10) > knownMajorVersion) {
    throw verificationError(
      'METADATA_NEWER',
      `${where}: the ${what} has the version ${version}, and this program knows ${knownMajorVersion} only`,
      { hint: 'use a newer cosa: this one would lose what it does not know' },
    );
  }
  if (hasPrototypeKey(value)) throw fail({ field: undefined, reason: 'has a key "__proto__"' });
  checkDocument(schema, value, fail);
  // The value itself, and not what the schema makes of it: so nothing can be left out, and the order stays.
  return value as Value;
}

/** Schemas do not see such a key, and whoever assigns by it changes something else than a field. */
function hasPrototypeKey(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasPrototypeKey);
}

/** The bytes of a document as it is stored. */
export function formatMetadata(value: object): Buffer {
  return Buffer.from(prettyJson(value as Json));
}

function invalid(what: string, where: string, fault: DocumentFault): CosaError {
  const place = fault.position === undefined ? where : formatPosition({ file: where, ...fault.position });
  return verificationError('METADATA_INVALID', `${place}: no ${what}: ${faultText(fault, 'it ')}`, {
    hint: 'it is left as it is: look at what wrote it, and put a good one in its place, or remove it',
    cause: fault.cause,
  });
}
