import type { SectorSize } from '../../partitions/gpt.ts';

/** A stretch of a disk, and the file that has its bytes. */
export interface LayoutStretch {
  /** Bytes from the beginning of the disk. */
  offset: number;
  length: number;
  /** Relative to the directory of the layouts' directories: `../root.img`. */
  file: string;
  fileOffset: number;
}

/** A disk as an installer writes it. */
export interface DiskLayout {
  /** Bytes of the disk. */
  size: number;
  /** Hex, of the whole disk with its zeros. */
  sha256: string;
  sectorSize: SectorSize;
  /** Of what it holds: name, version and architecture. */
  description: readonly [name: string, version: string, architecture: string];
  /** Sorted. What lies in none is zeros. */
  stretches: readonly LayoutStretch[];
}

/** The layout as text, a word and its values a line, for a shell to read. */
export function layoutText({ size, sha256, sectorSize, description, stretches }: DiskLayout): string {
  const lines = [
    `size ${size}`,
    `sha256 ${sha256}`,
    `sector-size ${sectorSize}`,
    `description ${description.join(' ')}`,
    ...stretches.map(({ offset, length, file, fileOffset }) => `data ${offset} ${length} ${file} ${fileOffset}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Takes stretches in the order of their offsets, and joins those that go on in the disk and in the file alike. */
export function stretchList() {
  const stretches: LayoutStretch[] = [];
  return {
    stretches: stretches as readonly LayoutStretch[],
    /** @param mostGap bytes that may lie between it and the last one, and are zeros on the disk and in the file */
    add(stretch: LayoutStretch, mostGap = 0): void {
      const last = stretches.at(-1);
      const gap = last === undefined ? 0 : stretch.offset - last.offset - last.length;
      const isBehind = last !== undefined && last.file === stretch.file && gap <= mostGap;
      if (isBehind && last.fileOffset + last.length + gap === stretch.fileOffset) last.length += gap + stretch.length;
      else stretches.push({ ...stretch });
    },
    /** True if a stretch that begins there would go on with the last one. */
    goesOn(offset: number, file: string, fileOffset: number): boolean {
      const last = stretches.at(-1);
      if (last === undefined || last.file !== file) return false;
      return last.offset + last.length === offset && last.fileOffset + last.length === fileOffset;
    },
  };
}
