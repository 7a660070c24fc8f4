import { containerPaths } from '../../contract/paths.ts';
import { verificationError } from '../../lib/errors.ts';
import { sortByBytes } from '../../lib/order.ts';
import type { CommitDirectory } from '../../ostree/unpack/directories.ts';
import { findDirectory } from '../deployment/container-path.ts';
import { type KernelArgumentArea, kernelArgumentArea } from './kernel-argument-area.ts';

/** What stands for the kernel's arguments in configurations of coreos-assembler. */
const argumentsMark = '@@KERNEL-ARGS@@';
const areaEnd = /#+ COREOS_KARG_EMBED_AREA\n/;

/**
 * The checksum of the configuration that a container brings, or `undefined`: that of the first vendor by name.
 * @throws CosaError `CONTAINER_PATH` (exit 4)
 */
export function findOwnGrubConfig(root: CommitDirectory): string | undefined {
  const vendors = findDirectory(root, `${containerPaths.live}/EFI`)?.directories ?? new Map<string, CommitDirectory>();
  for (const name of sortByBytes(vendors.keys())) {
    const checksum = vendors.get(name)?.files.get('grub.cfg');
    if (checksum !== undefined) return checksum;
  }
  return undefined;
}

/** A configuration with the kernel's arguments in it. */
export interface LiveGrubConfig {
  config: string;
  /** Where the arguments begin, in bytes. */
  offset: number;
  /** With what the configuration says itself. */
  kernelArguments: string;
  area: KernelArgumentArea;
}

/**
 * GRUB's configuration on live media as the container brings it in `live/EFI/VENDOR/grub.cfg`: a text with
 * `@@KERNEL-ARGS@@`, more arguments behind it perhaps, and below that line number signs and `COREOS_KARG_EMBED_AREA`. The
 * mark and what follows become the arguments and their area.
 * @param commands GRUB commands of the platform, which come first
 * @param kernelArguments the system's; those of the text follow, as far as they are others
 * @throws CosaError `LIVE_MENU_INVALID`, `KERNEL_ARGUMENTS_LENGTH` (exit 4)
 */
export function ownGrubConfig(
  text: string,
  commands: readonly string[],
  kernelArguments: readonly string[],
): LiveGrubConfig {
  const begin = text.indexOf(argumentsMark);
  if (begin === -1) throw invalid(`has no ${argumentsMark}`);
  if (text.includes(argumentsMark, begin + 1)) throw invalid(`has ${argumentsMark} twice`);
  const rest = text.slice(begin + argumentsMark.length);
  const end = rest.indexOf('\n');
  const more = rest.slice(0, end === -1 ? undefined : end).split(/[ \t]+/);
  const below = end === -1 ? '' : rest.slice(end + 1);
  const mark = areaEnd.exec(below);
  if (mark?.index !== 0)
    throw invalid('has no number signs and COREOS_KARG_EMBED_AREA in the line below the arguments');
  const others = more.filter((argument) => argument !== '' && !kernelArguments.includes(argument));
  const all = [...kernelArguments, ...others].join(' ');
  const area = kernelArgumentArea(all);
  const before = `${commands.map((command) => `${command}\n`).join('')}${text.slice(0, begin)}`;
  const config = `${before}${area.text}${below.slice(mark[0].length)}`;
  return { config, offset: Buffer.byteLength(before), kernelArguments: all, area };
}

function invalid(what: string) {
  return verificationError('LIVE_MENU_INVALID', `grub.cfg in ${containerPaths.live} ${what}`, {
    hint: 'it is live/EFI/VENDOR/grub.cfg of the config: put it right, or remove it, and build the container again',
  });
}
