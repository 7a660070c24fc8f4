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
  const texts = new Set<string>();
  for (const { path, offset, pad = '#', end = '\n' } of found.files) {
    const extent = await areaIn(iso, path, offset, size);
    areas.push({ extent, pad, end });
    const text = (await iso.read(extent)).toString();
    texts.add(withoutLast(withoutLast(text, pad), end).trim());
  }
  const [first] = texts;
  return { default: found.default, current: texts.size === 1 ? first : undefined, size, areas };
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
export function currentArguments(iso: Iso, { current }: KernelArgumentAreas): string {
  if (current !== undefined) return current;
  throw invalidArea(
    iso,
    'its boot loaders have different kernel arguments',
    'what was writing them may have been killed: "cosa iso kargs reset" makes them the defaults again',
  );
}

/**
 * What gives all boot loaders the same other arguments.
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
