import type { z } from 'zod';
import { isDeeperThan } from './document/json-depth.ts';
import { jsonErrorPosition } from './document/json-position.ts';
import type { CosaError } from './errors.ts';

/** Why a text is not the document that it should be. */
export interface DocumentFault {
  /** The path of the field that is wrong, `packages.bash.evra`; `undefined` for the document as a whole. */
  field: string | undefined;
  /** What is wrong with it, as a clause. It never quotes the text, which may hold secrets. */
  reason: string;
  /** Where the text stops being JSON, from 1. */
  position?: { line: number; column: number } | undefined;
  /** The path of a key that the schema does not know. */
  unknownKey?: string | undefined;
  /** The schema's own error; none where the text is no JSON. */
  cause?: unknown;
}

/** Makes the error of whoever knows what the document is. */
export type FaultError = (fault: DocumentFault) => CosaError;

/** Levels of arrays and objects: what goes deeper is made to break whoever walks through it. */
const maximumDepth = 100;

/**
 * Parses a JSON document, and checks it against a schema.
 * @param fail makes the error that is thrown
 * @throws CosaError what `fail` makes, of the first fault
 */
export function parseDocument<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  fail: FaultError,
): z.output<Schema> {
  return checkDocument(schema, parseJson(text, fail), fail);
}

/**
 * Parses JSON that a schema will check later.
 * @throws CosaError what `fail` makes
 */
export function parseJson(text: string, fail: FaultError): unknown {
  if (isDeeperThan(text, maximumDepth)) {
    throw fail({ field: undefined, reason: `is nested more than ${maximumDepth} levels deep` });
  }
  try {
    return JSON.parse(text);
  } catch {
    // The engine's own error quotes the text around: it does not become the cause.
    throw fail({ field: undefined, reason: 'is not JSON', position: jsonErrorPosition(text) });
  }
}

/**
 * Checks a value that was parsed.
 * @throws CosaError what `fail` makes, of the first fault
 */
export function checkDocument<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  fail: FaultError,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw fail({ ...faultOf(result.error.issues[0]), cause: result.error });
}

function faultOf(issue: z.core.$ZodIssue | undefined): DocumentFault {
  if (issue === undefined) return { field: undefined, reason: 'is not as specified' };
  const field = issue.path.length === 0 ? undefined : issue.path.join('.');
  const unknownKey = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''].join('.') : undefined;
  // Of a record's bad key, the reason is one level down.
  const reason = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return { field, reason, unknownKey };
}

/**
 * A fault in the words of an error's message: `field: reason`, or what the schema says of the whole.
 * @param subject begins the sentence where the text is no JSON: `it `
 */
export function faultText({ field, reason, cause }: DocumentFault, subject: string): string {
  if (field !== undefined) return `${field}: ${reason}`;
  return cause === undefined ? `${subject}${reason}` : reason;
}
