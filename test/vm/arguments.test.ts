import { expect, test } from 'vitest';
import { armBoard, pc } from '../../src/lib/architecture/virtual-machine.ts';
import { type MachineDescription, qemuArguments } from '../../src/vm/arguments.ts';

const machine: MachineDescription = {
  board: pc,
  accelerator: 'tcg',
  memory: 2048,
  cpus: 2,
  disk: { path: '/tmp/disk.qcow2', sectorSize: 512, base: { path: '/image.qcow2', format: 'qcow2', isDevice: false } },
  network: 'none',
  secureBoot: false,
  sshPort: 0,
  consoleLog: '/tmp/console.log',
  interactive: false,
};

/** The values of an option that may stand several times. */
function values(args: readonly string[], option: string): string[] {
  return args.flatMap((argument, index) => (argument === option ? [args[index + 1] ?? ''] : []));
}

const cache = { 'no-flush': true };
const disk = {
  driver: 'qcow2',
  'node-name': 'disk',
  file: { driver: 'file', filename: '/tmp/disk.qcow2', discard: 'unmap', cache },
  backing: {
    driver: 'qcow2',
    file: { driver: 'file', filename: '/image.qcow2', 'read-only': true },
    'read-only': true,
    backing: null,
  },
  discard: 'unmap',
  cache,
};

test('a BIOS machine under emulation', () => {
  expect(qemuArguments(machine).join(' ')).toBe(
    [
      '-nodefaults -no-user-config -display none',
      '-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny -machine q35,smm=off',
      '-accel tcg,thread=single -cpu max,-cx16,-erms,-fsrm -smp 2 -m 2048M',
      `-blockdev ${JSON.stringify(disk)}`,
      '-device virtio-blk-pci,drive=disk,bootindex=0',
      '-netdev user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:0-:22 -device virtio-net-pci,netdev=network,romfile=',
      '-device virtio-rng-pci -device pvpanic -action panic=none',
      '-chardev stdio,id=console,signal=off,logfile=/tmp/console.log,logappend=off -serial chardev:console',
    ].join(' '),
  );
});

test('KVM runs the host CPU', () => {
  const args = qemuArguments({ ...machine, accelerator: 'kvm' });
  expect(values(args, '-accel')).toEqual(['kvm']);
  expect(values(args, '-cpu')).toEqual(['host']);
});

test('Secure Boot: the code cannot be written to, and the variables only by the firmware', () => {
  const uefi = { code: '/code.fd', variables: '/variables.fd' };
  const args = qemuArguments({ ...machine, uefi, secureBoot: true });
  expect(values(args, '-machine')).toEqual(['q35,smm=on']);
  expect(values(args, '-global')).toEqual(['driver=cfi.pflash01,property=secure,value=on']);
  expect(values(args, '-drive')).toEqual(
    expect.arrayContaining([
      'if=pflash,unit=0,format=raw,readonly=on,file=/code.fd',
      'if=pflash,unit=1,format=raw,file=/variables.fd',
    ]),
  );
  expect(values(qemuArguments({ ...machine, uefi }), '-global')).toEqual([]);
});

test('an Arm machine has two flash chips, and a board of its own', () => {
  const uefi = { code: '/code.fd', variables: '/variables.fd' };
  expect(qemuArguments({ ...machine, board: armBoard, uefi }).join(' ')).toBe(
    [
      '-nodefaults -no-user-config -display none',
      '-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny -machine virt,gic-version=max',
      '-accel tcg,thread=single -cpu cortex-a72 -smp 2 -m 2048M',
      '-drive if=pflash,unit=0,format=raw,readonly=on,file=/code.fd',
      '-drive if=pflash,unit=1,format=raw,file=/variables.fd',
      `-blockdev ${JSON.stringify(disk)}`,
      '-device virtio-blk-pci,drive=disk,bootindex=0',
      '-netdev user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:0-:22 -device virtio-net-pci,netdev=network,romfile=',
      '-device virtio-rng-pci -device pvpanic-pci -action panic=none',
      '-chardev stdio,id=console,signal=off,logfile=/tmp/console.log,logappend=off -serial chardev:console',
    ].join(' '),
  );
  const secure = qemuArguments({ ...machine, board: armBoard, uefi, secureBoot: true });
  expect(values(secure, '-machine')).toEqual(['virt,gic-version=max']);
  expect(values(secure, '-global')).toEqual([]);
});

test('Ignition gets its config, the user a fixed port', () => {
  const args = qemuArguments({ ...machine, ignition: '/tmp/a.ign', sshPort: 2222 });
  expect(values(args, '-fw_cfg')).toEqual(['name=opt/com.coreos/config,file=/tmp/a.ign']);
  expect(values(args, '-netdev')).toEqual(['user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:2222-:22']);
});

test('at a terminal, the console is shared with the monitor', () => {
  const args = qemuArguments({ ...machine, interactive: true });
  expect(values(args, '-chardev')).toEqual([expect.stringContaining('mux=on')]);
  expect(values(args, '-mon')).toEqual(['chardev=console,mode=readline']);
});

test('a comma in a path does not end the value', () => {
  const args = qemuArguments({ ...machine, consoleLog: '/tmp/x,y', ignition: '/tmp/i,j' });
  expect(args.join(' ')).toContain('logfile=/tmp/x,,y,');
  expect(args.join(' ')).toContain('file=/tmp/i,,j');
});

test('a disk of large sectors says so', () => {
  const args = qemuArguments({ ...machine, disk: { ...machine.disk, sectorSize: 4096 } });
  expect(values(args, '-device')).toContain(
    'virtio-blk-pci,drive=disk,bootindex=0,logical_block_size=4096,physical_block_size=4096',
  );
});

test('a raw disk, a device, whatever its name', () => {
  const base = { path: '/dev/a,b"c', format: 'raw', isDevice: true } as const;
  const [disk = ''] = values(
    qemuArguments({ ...machine, disk: { path: '/tmp/disk.qcow2', sectorSize: 512, base } }),
    '-blockdev',
  );
  expect(JSON.parse(disk)).toMatchObject({
    backing: { driver: 'raw', file: { driver: 'host_device', filename: '/dev/a,b"c' }, 'read-only': true },
  });
});

test('a machine with an empty disk, and an ISO that starts it until something is on the disk', () => {
  const empty = { path: '/tmp/disk.qcow2', sectorSize: 4096, base: undefined } as const;
  const args = qemuArguments({ ...machine, disk: empty, cdrom: '/live,1.iso' });
  const file = { driver: 'file', filename: '/live,1.iso', 'read-only': true };
  expect(values(args, '-blockdev').map((text) => JSON.parse(text) as unknown)).toEqual([
    { ...disk, backing: null },
    { driver: 'raw', 'node-name': 'cdrom', file, 'read-only': true },
  ]);
  expect(values(args, '-device').slice(0, 3)).toEqual([
    'virtio-blk-pci,drive=disk,bootindex=0,logical_block_size=4096,physical_block_size=4096',
    'virtio-scsi-pci',
    'scsi-cd,drive=cdrom,bootindex=1',
  ]);
});

test('a second disk starts nothing, and a TPM is reached by the device of the board', () => {
  const second = { path: '/tmp/second.qcow2', sectorSize: 512, base: undefined } as const;
  const args = qemuArguments({ ...machine, secondDisk: second, tpm: '/tmp/a,b' });
  expect(values(args, '-blockdev').map((text) => JSON.parse(text) as unknown)).toMatchObject([
    { 'node-name': 'disk' },
    { 'node-name': 'second', file: { filename: '/tmp/second.qcow2' }, backing: null },
  ]);
  expect(values(args, '-device').slice(0, 3)).toEqual([
    'virtio-blk-pci,drive=disk,bootindex=0',
    'virtio-blk-pci,drive=second',
    'tpm-crb,tpmdev=tpm',
  ]);
  expect(values(args, '-chardev')[0]).toBe('socket,id=tpm-socket,path=/tmp/a,,b');
  expect(values(qemuArguments({ ...machine, board: armBoard, tpm: '/t' }), '-device')).toContain(
    'tpm-tis-device,tpmdev=tpm',
  );
});

test('a machine that boots from the network gets its files by TFTP, and a card that asks for them', () => {
  const args = qemuArguments({ ...machine, networkBoot: { directory: '/srv/a,b', file: 'boot.ipxe' } });
  expect(values(args, '-netdev')).toEqual([
    'user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:0-:22,tftp=/srv/a,,b,bootfile=boot.ipxe',
  ]);
  expect(values(args, '-device')).toContain('virtio-net-pci,netdev=network,bootindex=2');
});

test('the guest reaches nothing unless it is asked for', () => {
  expect(values(qemuArguments({ ...machine, network: 'host' }), '-netdev')).toEqual([
    'user,id=network,restrict=off,hostfwd=tcp:127.0.0.1:0-:22',
  ]);
});
