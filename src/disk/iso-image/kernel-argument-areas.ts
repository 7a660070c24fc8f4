import { z } from 'zod';
import { CosaError, usageError } from '../../lib/errors.ts';
import type { Extent } from '../extents.ts';
import { areaIn, invalidArea, type Patch, readDescription } from './area.ts';
import type { Iso } from './iso9660.ts';

/** The longest area, as coreos-installer has it: the kernel reads no more. */
const largestArea = 2048;
/** A medium has one for each boot loader. */
const mostAreas = 64;

const oneByte = z.string().refine((text) => Buffer.byteLength(text) === 1, { error: 'must be one byte' });

/** What an ISO says of the areas. The marker behind each, `COREOS_KARG_EMBED_AREA`, is for who builds ISOs. */
const description = z.object({
  default: z.string(),
  files: z
    .array(
      z.object({
        path: z.string().max(1024),
        offset: z.int().nonnegative(),
        /** What fills the area behind the arguments. */
        pad: oneByte.optional(),
        /** What ends the arguments. */
        end: oneByte.optional(),
      }),
    )
    .min(1)
    .max(mostAreas),
  size: z.int().positive().max(largestArea),
});

/** The kernel's arguments of an ISO. */
export interface KernelArgumentAreas {
  /** As the ISO was built. */
  default: string;
  /** Now; `undefined` if they are not the same for all boot loaders. */
  current: string | undefined;
  /** Where a change was cut short: what they were before it; `undefined` if they differ in another way, or do not. */
  before: string | undefined;
  /** Bytes of each area. */
  size: number;
  /** One for each boot loader's configuration. */
  areas: readonly { extent: Extent; pad: string; end: string }[];
}

/**
 * Finds the areas and reads them.
 * @throws CosaError `ISO_AREA_MISSING`, `ISO_AREA_INVALID`, `ISO_INVALID` (exit 4)
 */
export async function readKernelArgumentAreas(iso: Iso): Promise<KernelArgumentAreas> {
  const found = await readDescription(iso, 'coreos/kargs.json', description);
  if (found === undefined) {
    throw new CosaError(
      'ISO_AREA_MISSING',
      `${iso.path} has no areas for kernel arguments: it has no coreos/kargs.json`,
      {
        hint: 'live ISOs of CoreOS systems have it since 2021, but for some architectures: get a newer one',
      },
    );
  }
  const { size } = found;
  if (Buffer.byteLength(found.default) > size) {
    throw invalidArea(iso, `the default kernel arguments have more than the areas' ${size} bytes`);
  }
  const areas: KernelArgumentAreas['areas'][number][] = [];
  const contents: Buffer[] = [];
  const texts: string[] = [];
  for (const { path, offset, pad = '#', end = '\n' } of found.files) {
    const extent = await areaIn(iso, path, offset, size);
    areas.push({ extent, pad, end });
    const content = await iso.read(extent);
    contents.push(content);
    texts.push(withoutLast(withoutLast(content.toString(), pad), end).trim());
  }
  const current = new Set(texts).size === 1 ? texts[0] : undefined;
  const isBetween = current === undefined && isBetweenWrites(texts, contents, areas);
  return { default: found.default, current, before: isBetween ? texts.at(-1) : undefined, size, areas };
}

/** What reaches a disk reaches it as a whole. */
const sectorBytes = 512;

/**
 * True if the areas are as {@link changeArguments} leaves them when it is stopped between two: the first ones have the new
 * arguments, and the others what they had. Where the last area may be one that was written in part, it is not so.
 */
function isBetweenWrites(
  texts: readonly string[],
  contents: readonly Buffer[],
  areas: KernelArgumentAreas['areas'],
): boolean {
  const changed = texts.findIndex((text) => text !== texts[0]);
  const isTwice = texts.slice(changed).every((text) => text === texts.at(-1));
  const [first, last] = [contents[0], contents.at(-1)] as [Buffer, Buffer];
  const offset = areas.at(-1)?.extent.offset ?? 0;
  const toSector = sectorBytes - (offset % sectorBytes);
  return isTwice && !first.subarray(0, toSector).equals(last.subarray(0, toSector));
}

function withoutLast(text: string, character: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end--;
  return text.slice(0, end);
}

/**
 * The arguments that all boot loaders give.
 * @throws CosaError `ISO_AREA_INVALID` (exit 4)
 */
export function currentArguments(iso: Iso, { current, before }: KernelArgumentAreas): string {
  if (current !== undefined) return current;
  const reset = '"cosa iso kargs reset" makes them the defaults again';
  throw invalidArea(
    iso,
    'its boot loaders have different kernel arguments',
    before === undefined
      ? `what was writing them may have been killed: ${reset}`
      : `what was writing them was killed: run it again; or ${reset}`,
  );
}

/**
 * The arguments that a change starts from. One that was cut short was never made: who makes it again gets what it was to give.
 * @throws CosaError `ISO_AREA_INVALID` (exit 4) where boot loaders have different ones for another reason
 */
export function argumentsToChange(iso: Iso, areas: KernelArgumentAreas): string {
  return areas.before ?? currentArguments(iso, areas);
}

/**
 * What gives all boot loaders the same other arguments. Whoever writes it keeps the order, by which {@link argumentsToChange}
 * knows a change that was cut short.
 * @throws CosaError `ISO_AREA_TOO_SMALL` (exit 2)
 */
export function changeArguments(iso: Iso, { areas, size }: KernelArgumentAreas, line: string): Patch[] {
  const needed = Buffer.byteLength(line) + 1;
  if (needed > size) {
    throw usageError(
      'ISO_AREA_TOO_SMALL',
      `the kernel arguments do not fit: they have ${needed} bytes with their end, ${needed - size} more than the areas of ${iso.path}`,
      { hint: 'append fewer, or delete some that are there: "cosa iso kargs show" prints them' },
    );
  }
  return areas.map(({ extent, pad, end }) => {
    const bytes = Buffer.alloc(size, pad);
    bytes.write(`${line}${end}`);
    return { position: extent.offset, bytes };
  });
}
