import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInSandbox, tryRunInSandbox } from '../../../src/exec/sandbox.ts';

// Runs a program for another processor than this machine's in the sandbox, and prints what became of it as JSON.

const text = 'hello from afar\n';

/** https://developer.arm.com/documentation/ddi0602/: write(1, text, its length), exit_group(7). */
const instructions = [0xd2800020, 0x100000e1, 0xd2800002 | (text.length << 5), 0xd2800808, 0xd4000001];
instructions.push(0xd28000e0, 0xd2800bc8, 0xd4000001);

const headerBytes = 64 + 56;
const address = 0x400000;

/** A statically linked ELF file: a header, one segment with all of the file, code and text. */
function program(): Buffer {
  const file = Buffer.alloc(headerBytes + 4 * instructions.length + text.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(183, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(address + headerBytes), 24);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  // PT_LOAD, to be read and executed.
  file.writeUInt32LE(1, 64);
  file.writeUInt32LE(5, 68);
  file.writeBigUInt64LE(BigInt(address), 80);
  file.writeBigUInt64LE(BigInt(address), 88);
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(4096n, 112);
  for (const [index, instruction] of instructions.entries()) {
    file.writeUInt32LE(instruction >>> 0, headerBytes + 4 * index);
  }
  file.write(text, headerBytes + 4 * instructions.length);
  return file;
}

const root = await mkdtemp(join(tmpdir(), 'cosa-foreign-'));
try {
  await writeFile(join(root, 'hello'), program(), { mode: 0o755 });
  const sandbox = { root, architecture: 'aarch64' } as const;
  const { exitCode, stdout, stderr } = await tryRunInSandbox(sandbox, ['/hello']);
  // The rule is there as long as the program runs, and not only until it has begun.
  const running = await startInSandbox(sandbox, ['/hello']);
  running.stdin.end();
  let streamed = '';
  for await (const chunk of running.stdout) streamed += String(chunk);
  await running.done.catch(() => undefined);
  console.log(JSON.stringify({ exitCode, stdout, stderr, streamed }));
} finally {
  await rm(root, { recursive: true, force: true });
}
