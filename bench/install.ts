// An installation, beside dd of as many bytes, in the same live system: both read the medium, write the whole disk and wait until
// it is there; cosa-install verifies it, too. In turns, the medium read anew each time. Then the disk is booted.
// Usage: tsx bench/install.ts [ROUNDS]; not part of `npm run bench`, for without KVM a round takes ten minutes. As root.

import { machineDirectory } from '../src/vm/prepare.ts';
import { createSshKey } from '../src/vm/ssh.ts';
import { running } from '../src/vm/suites/basic/running.ts';
import type { Guest } from '../src/vm/suites/system-test.ts';
import { bootLive, configFor, serialConsole } from '../test/boot/live.ts';
import { buildMedium, customized } from '../test/boot/live-media.ts';
import { builtWorkDirectory } from '../test/integration/fixture.ts';
import { least, type ProgramTime, reportBeside } from './measure.ts';

const goal = 1.3;
const rounds = Number(process.argv[2] ?? '1');
const medium = '/run/coreos-live/medium';

/** Copies as many bytes as the disk has: the root, and then its beginning in the place of what lies beside it. */
const dd = `size=$(sed -n 's/^size //p' ${medium}/install/512/layout)
root=$(stat --format %s ${medium}/root.img)
dd if=${medium}/root.img of=/dev/vda bs=1M conv=nocreat,notrunc status=none
dd if=${medium}/root.img of=/dev/vda bs=1M iflag=count_bytes oflag=seek_bytes seek=$root count=$((size - root)) conv=nocreat,notrunc,fsync status=none`;
const install = `cosa-install /dev/vda --ignition /etc/installed.ign --append-karg ${serialConsole} > /dev/null`;

/** Wall and processor time of a script in the guest, as the guest's clock has it. */
async function timed(guest: Guest, script: string): Promise<ProgramTime> {
  const text = `echo 3 > /proc/sys/vm/drop_caches; TIMEFORMAT='%R %U %S'; set -eu; { time { ${script}; } >&3 2>&3; } 3>&2 2>&1`;
  const encoded = Buffer.from(text).toString('base64');
  const said = await guest.output(`echo ${encoded} | base64 --decode | sudo bash`);
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] =
    said.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  console.log(`${script.split('\n')[0]}: ${said}`);
  return { wall, processor: user + system };
}

const work = await builtWorkDirectory();
const iso = await buildMedium(work, 'live-iso');
await using scratch = await machineDirectory();
const key = await createSshKey(scratch.path);
const config = configFor(key, [{ path: '/etc/installed.ign', mode: 0o600, content: configFor(key) }]);
await using guest = await bootLive({
  start: { cdrom: await customized(work, iso.path, scratch.path, config) },
  disk: { size: 5 * 1024 ** 3, sectorSize: 512 },
  firmware: 'uefi',
  commit: iso.container['ostree-commit'],
  key,
  name: 'bench-install',
});
const times: { dd: ProgramTime[]; install: ProgramTime[] } = { dd: [], install: [] };
for (let round = 0; round < rounds; round++) {
  times.dd.push(await timed(guest, dd));
  times.install.push(await timed(guest, install));
}
reportBeside('cosa-install : dd of as many bytes, in the guest', least(times.install), least(times.dd), goal);
await guest.reboot();
await running.run(guest);
console.log(await guest.output('ls /boot; head --lines 1 /boot/loader/grub.cfg; systemctl --failed --no-legend'));
