import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { nextOutput, start } from '../../src/exec/run.ts';
import { machineEmulator } from '../../src/exec/tools/machine-tools.ts';
import { pc } from '../../src/lib/architecture/virtual-machine.ts';
import { networks, qemuArguments } from '../../src/vm/arguments.ts';

// The test is the guest: it sends and receives Ethernet frames on the machine's network. No machine is needed for that.

const guestMac = [0x52, 0x54, 0, 0x12, 0x34, 0x56];
const guest = [10, 0, 2, 15];
const host = [10, 0, 2, 2];
const broadcast = [255, 255, 255, 255, 255, 255];

const word = (value: number) => [(value >> 8) & 0xff, value & 0xff];

/** https://www.rfc-editor.org/rfc/rfc1071 */
function checksum(bytes: readonly number[]): number[] {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return word(~sum);
}

/** "Who has 10.0.2.2? Tell 10.0.2.15" */
function arpRequest(): Uint8Array {
  const arp = [0, 1, 8, 0, 6, 4, 0, 1, ...guestMac, ...guest, 0, 0, 0, 0, 0, 0, ...host];
  return Uint8Array.from([...broadcast, ...guestMac, 8, 6, ...arp]);
}

/** Asks for a connection to a port of the host. */
function tcpSyn(hostMac: readonly number[], port: number): Uint8Array {
  const tcp = (sum: readonly number[]) => [
    ...[...word(40_000), ...word(port), 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, ...word(65_535)],
    ...[...sum, 0, 0],
  ];
  const ip = (sum: readonly number[]) => [0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, ...sum, ...guest, ...host];
  const tcpSum = checksum([...guest, ...host, 0, 6, 0, 20, ...tcp([0, 0])]);
  const packet = [...ip(checksum(ip([0, 0]))), ...tcp(tcpSum)];
  return Uint8Array.from([...hostMac, ...guestMac, 8, 0, ...packet]);
}

async function bound(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

test.each(networks)('with the network "%s"', async (network) => {
  let connections = 0;
  const server = createServer().listen(0, '127.0.0.1');
  const last = new Promise<void>((resolve) => {
    server.on('connection', (connection) => {
      connections++;
      connection.once('data', () => resolve());
    });
  });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const wire = await bound();
  onTestFinished(() => void wire.socket.close());
  // Ports that are free a moment later, too.
  const [far, ssh] = [await bound(), createServer().listen(0, '127.0.0.1')];
  await once(ssh, 'listening');
  const sshPort = (ssh.address() as AddressInfo).port;
  far.socket.close();
  ssh.close();

  const disk = { path: '/unused', sectorSize: 512, base: { path: '/unused', format: 'raw', isDevice: false } } as const;
  const all = qemuArguments({
    board: pc,
    ...{
      accelerator: 'tcg',

      memory: 64,
      cpus: 1,
      disk,
      network,
      secureBoot: false,
      interactive: false,
    },
    ...{ sshPort, consoleLog: '/unused' },
  });
  const user = all[all.indexOf('-netdev') + 1] ?? '';
  const socket = `socket,id=wire,udp=127.0.0.1:${wire.port},localaddr=127.0.0.1:${far.port}`;
  const program = await start(machineEmulator(pc), [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'none', '-qmp', 'stdio'],
    ...['-netdev', user, '-netdev', 'hubport,id=a,hubid=0,netdev=network'],
    ...['-netdev', socket, '-netdev', 'hubport,id=b,hubid=0,netdev=wire'],
  ]);
  onTestFinished(() => program.kill('SIGKILL'));
  // Its greeting: the network is there.
  await nextOutput(program);

  const frames: Buffer[] = [];
  const frame = async (matches: (bytes: Buffer) => boolean): Promise<Buffer> => {
    for (;;) {
      const found = frames.find(matches);
      if (found !== undefined) return found;
      frames.push(((await once(wire.socket, 'message')) as [Buffer])[0]);
    }
  };
  wire.socket.send(arpRequest(), far.port, '127.0.0.1');
  const answer = await frame((bytes) => bytes.readUInt16BE(12) === 0x0806);
  wire.socket.send(tcpSyn([...answer.subarray(22, 28)], (server.address() as AddressInfo).port), far.port, '127.0.0.1');

  // ssh leads into the guest in any case; and what is asked for after the guest's connection comes after it.
  const client = connect(sshPort, '127.0.0.1');
  onTestFinished(() => void client.destroy());
  const syn = await frame((bytes) => bytes.readUInt16BE(12) === 0x0800 && bytes.readUInt16BE(36) === 22);
  expect(syn[47]).toBe(2);
  if (network === 'host') {
    const accepted = await frame((bytes) => bytes.readUInt16BE(12) === 0x0800 && bytes.readUInt16BE(36) === 40_000);
    expect(accepted[47]).toBe(0x12);
  }
  // Whoever came before us has been let in before us.
  const control = connect((server.address() as AddressInfo).port, '127.0.0.1', () => control.write('last'));
  onTestFinished(() => void control.destroy());
  await last;
  expect(connections).toBe(network === 'host' ? 2 : 1);
});
