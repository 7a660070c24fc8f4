import type { Architecture } from '../../lib/architecture.ts';
import type { Tool } from '../tools.ts';

/** The program that runs those of another processor: one that needs no libraries, for the tree it works in has none for it. */
export function userEmulator({ name, qemuUser }: Architecture): Tool {
  return {
    name: `qemu-${qemuUser}-static`,
    packages: { deb: 'qemu-user-static', rpm: `qemu-user-static-${qemuUser}` },
    purpose: `runs the programs of ${name} containers`,
  };
}
