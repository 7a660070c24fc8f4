import type { z } from 'zod';
import { faultText, parseDocument } from '../../lib/document.ts';
import { verificationError } from '../../lib/errors.ts';
import type { Extent } from '../extents.ts';
import type { Iso } from './iso9660.ts';

/** A change of a file: bytes that take the place of as many. */
export interface Patch {
  position: number;
  bytes: Buffer;
}

/** What tells where areas are has some hundred bytes. */
const largestDescription = 1 << 20;

/**
 * Reads one of the files by which an ISO says where its areas are.
 * @returns what the schema makes of it; `undefined` if the ISO has no such file
 * @throws CosaError `ISO_AREA_INVALID`, `ISO_INVALID` (exit 4)
 */
export async function readDescription<Schema extends z.ZodType>(
  iso: Iso,
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const extent = await iso.find(path);
  if (extent === undefined) return undefined;
  if (extent.length > largestDescription) throw invalidArea(iso, `${path} has ${extent.length} bytes`);
  const text = (await iso.read(extent)).toString();
  return parseDocument(schema, text, (fault) => invalidArea(iso, `${path}: ${faultText(fault, 'it ')}`));
}

/**
 * The place of an area in a file of the ISO.
 * @param length the rest of the file unless given
 * @throws CosaError `ISO_AREA_INVALID`, `ISO_INVALID` (exit 4)
 */
export async function areaIn(iso: Iso, path: string, offset: number, length?: number): Promise<Extent> {
  const file = await iso.find(path);
  if (file === undefined) throw invalidArea(iso, `it has no file ${JSON.stringify(path)}`);
  const bytes = length ?? file.length - offset;
  if (bytes < 1 || offset + bytes > file.length) {
    throw invalidArea(iso, `${JSON.stringify(path)} has ${file.length} bytes, and the area lies behind its end`);
  }
  return { offset: file.offset + offset, length: bytes };
}

/** The error of an ISO whose areas are not as they must be. */
export function invalidArea(iso: Pick<Iso, 'path'>, reason: string, hint?: string) {
  return verificationError('ISO_AREA_INVALID', `the areas of ${iso.path} cannot be used: ${reason}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
