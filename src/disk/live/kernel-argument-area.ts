import { verificationError } from '../../lib/errors.ts';

/** What stands behind the area, for those who look for it by its name. */
const areaName = 'COREOS_KARG_EMBED_AREA';
const pad = '#';
const padCount = 1024;
/** coreos-installer takes no larger area. */
const mostAreaBytes = 2048;
/** So much can be added to the arguments that are there. */
const leastRoom = 256;

/**
 * A place in a boot loader's configuration where the kernel's arguments can be replaced: by others that are no longer than
 * it, a line break, and as many number signs as fill it up, which make a comment.
 */
export interface KernelArgumentArea {
  /** The arguments, and the line behind them. */
  text: string;
  /** Bytes from the text's beginning that may be replaced. */
  size: number;
}

/**
 * The area with arguments in it. Its last number sign is not of it: without one the loader would run the area's name.
 * @throws CosaError `KERNEL_ARGUMENTS_LENGTH` (exit 4)
 */
export function kernelArgumentArea(kernelArguments: string): KernelArgumentArea {
  const pads = Math.min(padCount, mostAreaBytes - kernelArguments.length);
  if (pads < leastRoom) {
    throw verificationError(
      'KERNEL_ARGUMENTS_LENGTH',
      `the kernel's arguments have ${kernelArguments.length} characters, and live media have room for ${mostAreaBytes - leastRoom}`,
      { hint: 'give fewer in "extra-kargs" of image.yaml or in platforms.yaml, and build the container again' },
    );
  }
  return {
    text: `${kernelArguments}\n${pad.repeat(pads)} ${areaName}\n`,
    size: kernelArguments.length + 1 + pads - 1,
  };
}

/** `kargs.json`: where areas are, and what was in them. Offsets are those of files. */
export function areasDocument(
  kernelArguments: string,
  { size }: KernelArgumentArea,
  files: readonly { path: string; offset: number }[],
) {
  return {
    default: kernelArguments,
    files: files.map(({ path, offset }) => ({ path, offset, pad, end: '\n' })),
    size,
  };
}
