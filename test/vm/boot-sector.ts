import { writeFile } from 'node:fs/promises';

// x86 in real mode, as the BIOS leaves it.

const halt = [0xfa, 0xf4, 0xeb, 0xfd];

/** `mov dx, port; mov al, byte; out dx, al` */
function out(port: number, byte: number): number[] {
  return [0xba, port & 0xff, port >> 8, 0xb0, byte, 0xee];
}

/** On the serial console. */
function print(text: string): number[] {
  return [...Buffer.from(text, 'latin1')].flatMap((byte) => out(0x3f8, byte));
}

/** INT 13h: writes this boot sector to the second sector of the first disk; halts if that fails. */
const writeSector = [
  0xb8,
  0x01,
  0x03,
  0xbb,
  0x00,
  0x7c,
  0xb9,
  0x02,
  0x00,
  0xba,
  0x80,
  0x00,
  0xcd,
  0x13,
  0x73,
  0x04,
  ...halt,
];

const programs = {
  halt,
  /** ACPI: soft off, at the port where SeaBIOS puts it on QEMU's q35. */
  'power-off': [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, ...halt],
  /** The reset register of PCI. */
  reset: out(0xcf9, 0x06),
  /** The panic device of QEMU's PC; a kernel says more after it. */
  panic: [...out(0x505, 0x01), ...print('Oops: x\nend Kernel panic\n'), ...halt],
} as const;

export type Ending = keyof typeof programs;

/** Writes a disk whose boot sector prints a short text to the serial console and then does `ending`. */
export async function writeBootableDisk(
  path: string,
  text: string,
  ending: Ending,
  { writesFirst = false }: { writesFirst?: boolean } = {},
): Promise<void> {
  const disk = new Uint8Array(1024 * 1024);
  disk.set([...(writesFirst ? writeSector : []), ...print(text), ...programs[ending]]);
  disk.set([0x55, 0xaa], 510);
  await writeFile(path, disk);
}
