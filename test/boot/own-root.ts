import { expect } from 'vitest';
import { growth } from '../../src/vm/suites/basic/growth.ts';
import { immutableRoot } from '../../src/vm/suites/basic/immutable-root.ts';
import { repository } from '../../src/vm/suites/basic/repository.ts';
import { requireRunning } from '../../src/vm/suites/basic/running.ts';
import type { Guest } from '../../src/vm/suites/system-test.ts';

const uuid = (guest: Guest, path: string) => guest.output(`findmnt --noheadings --output UUID --mountpoint ${path}`);

/** The filesystems of a system, and what its kernel was told of them. */
async function filesystems(guest: Guest) {
  const kernelArguments = (await guest.output('cat /proc/cmdline')).split(' ');
  return {
    boot: await uuid(guest, '/boot'),
    root: await uuid(guest, '/sysroot'),
    told: kernelArguments.filter((argument) => /^(root|boot)=/.test(argument)),
    firstBoot: kernelArguments.includes('ignition.firstboot'),
  };
}

/**
 * A system after its first boot, whatever filesystem its root got: it is whole, and its own, and after a reboot it starts from
 * just its filesystems.
 */
export async function expectOwnRoot(
  guest: Guest,
  { type, isPartition }: { type: string; isPartition: boolean },
): Promise<void> {
  await requireRunning(guest);
  expect(await guest.output('findmnt --noheadings --output FSTYPE --mountpoint /sysroot')).toBe(type);
  await repository.run(guest);
  await immutableRoot.run(guest);
  if (isPartition) await growth.run(guest);
  const first = await filesystems(guest);
  expect(first).toMatchObject({ told: ['root=LABEL=root'], firstBoot: true });

  await guest.reboot();
  await requireRunning(guest);
  const second = await filesystems(guest);
  expect(second).toEqual({ ...first, told: [`root=UUID=${first.root}`, `boot=UUID=${first.boot}`], firstBoot: false });
  await immutableRoot.run(guest);
}
