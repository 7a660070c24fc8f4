import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Architecture } from '../../lib/architecture.ts';
import { namesIn } from '../../lib/files.ts';

// https://docs.kernel.org/admin-guide/binfmt-misc.html

/** Where the kernel keeps the rules of the whole machine. */
const machineRules = '/proc/sys/fs/binfmt_misc';

/** The begin of a 64-bit ELF file of an architecture, with a mask of the bits that count. */
function elfBegin({ elfMachine, bigEndian = false }: Architecture): { magic: Buffer; mask: Buffer } {
  const magic = Buffer.alloc(20);
  // 64 bits; the order of bytes; version 1. An ABI (byte 7) is named or not, as a compiler likes.
  magic.set([0x7f, 0x45, 0x4c, 0x46, 2, bigEndian ? 2 : 1, 1]);
  const mask = Buffer.alloc(20, 0xff);
  mask[7] = 0;
  // Executables are of type 2, or 3 if they can be loaded anywhere.
  for (const [position, value] of [
    [16, 2],
    [18, elfMachine],
  ] as const) {
    if (bigEndian) magic.writeUInt16BE(value, position);
    else magic.writeUInt16LE(value, position);
  }
  mask[bigEndian ? 17 : 16] = 0xfe;
  return { magic, mask };
}

/**
 * The rule by which a kernel runs programs of an architecture with an emulator, as text for the file `register`.
 * @param emulator absolute path, without colons. It is opened at once (F), so that it need not be in the tree whose
 *   programs it runs; and it is told the name by which a program was called (P).
 */
export function emulationRule(architecture: Architecture, emulator: string): string {
  const { magic, mask } = elfBegin(architecture);
  return `:cosa-${architecture.name}:M:0:${escapedBytes(magic)}:${escapedBytes(mask)}:${emulator}:PF`;
}

function escapedBytes(bytes: Buffer): string {
  return [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Whether the machine has a rule for an architecture's programs that holds in every tree, as packages of QEMU make them. */
export async function machineEmulates(architecture: Architecture): Promise<boolean> {
  const { magic } = elfBegin(architecture);
  for (const name of await namesIn(machineRules)) {
    if (name === 'register' || name === 'status') continue;
    const text = await readFile(join(machineRules, name), 'utf8');
    const isOpened = /^flags: .*F/m.test(text);
    if (text.startsWith('enabled\n') && isOpened && text.includes(`\nmagic ${magic.toString('hex')}\n`)) return true;
  }
  return false;
}
