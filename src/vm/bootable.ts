import type { VirtualMachine } from '../lib/architecture/virtual-machine.ts';
import { type Architecture, type ArchitectureName, architectureNamed, architectures } from '../lib/architecture.ts';
import { usageError } from '../lib/errors.ts';

/** An architecture whose disks we can boot. */
export interface BootableArchitecture extends Architecture {
  machine: VirtualMachine;
}

/**
 * The row of an architecture whose disks are to be booted.
 * @throws CosaError `ARCHITECTURE_UNBOOTABLE` (exit 2)
 */
export function bootableArchitecture(name: ArchitectureName): BootableArchitecture {
  const row = architectureNamed(name);
  const { machine } = row;
  if (machine !== undefined) return { ...row, machine };
  const names = architectures.filter((other) => other.machine !== undefined).map((other) => other.name);
  throw usageError('ARCHITECTURE_UNBOOTABLE', `no virtual machine for ${name} is known here`, {
    hint: `there are those for ${names.join(' and ')}`,
  });
}
