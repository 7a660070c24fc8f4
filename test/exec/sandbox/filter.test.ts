import { describe, expect, test } from 'vitest';
import { systemCallFilter } from '../../../src/exec/sandbox/filter.ts';
import {
  absentCalls,
  clone,
  newestCall,
  refusedCalls,
  type SystemCall,
  socket,
  unshareCall,
} from '../../../src/exec/sandbox/system-calls.ts';
import { type Architecture, type ArchitectureName, architectures } from '../../../src/lib/architecture.ts';

/** AUDIT_ARCH_… of linux/audit.h. */
const auditArchitectures: Readonly<Record<ArchitectureName, number>> = {
  x86_64: 0xc000_003e,
  aarch64: 0xc000_00b7,
  riscv64: 0xc000_00f3,
  ppc64le: 0xc000_0015,
  s390x: 0x8000_0016,
};

const allowed = 'allowed';

/** What the kernel's interpreter makes of a call: `allowed`, or the error's number. */
function judge(processor: Architecture, call: number, args: readonly bigint[] = [], audit?: number): string | number {
  const { name, bigEndian = false } = processor;
  const program = systemCallFilter(processor);
  const data = new DataView(new ArrayBuffer(64));
  data.setInt32(0, call, !bigEndian);
  data.setUint32(4, audit ?? auditArchitectures[name], !bigEndian);
  for (const [index, value] of args.entries()) data.setBigUint64(16 + 8 * index, value, !bigEndian);
  const view = new DataView(program.buffer);
  let accumulator = 0;
  for (let at = 0; ; at += 1) {
    const code = view.getUint16(8 * at, !bigEndian);
    const operand = view.getUint32(8 * at + 4, !bigEndian);
    const jump = (holds: boolean) => view.getUint8(8 * at + (holds ? 2 : 3));
    if (code === 0x20) accumulator = data.getUint32(operand, !bigEndian);
    else if (code === 0x15) at += jump(accumulator === operand);
    else if (code === 0x25) at += jump(accumulator > operand);
    else if (code === 0x45) at += jump((accumulator & operand) !== 0);
    else if (code === 0x06) return operand === 0x7fff_0000 ? allowed : operand - 0x5_0000;
    else throw new Error(`instruction ${code}`);
  }
}

const [eperm, enosys, eafnosupport] = [1, 38, 97];

describe.each([...architectures])('on $name', (processor) => {
  const numberOf = ({ numbers }: SystemCall) => numbers[processor.systemCalls];

  test('what is named is refused, or absent', () => {
    for (const call of refusedCalls) {
      const number = numberOf(call);
      if (number !== undefined) expect([call.name, judge(processor, number)]).toEqual([call.name, eperm]);
    }
    for (const call of absentCalls) {
      const number = numberOf(call);
      if (number !== undefined) expect([call.name, judge(processor, number)]).toEqual([call.name, enosys]);
    }
  });

  test('all others are allowed, if they are known', () => {
    const special = [...refusedCalls, ...absentCalls, socket].map(numberOf);
    for (let number = 0; number <= newestCall; number += 1) {
      if (!special.includes(number)) expect([number, judge(processor, number)]).toEqual([number, allowed]);
    }
    for (const number of [newestCall + 1, 0x4000_0000, 0x4000_0000 + 39, -1]) {
      expect(judge(processor, number)).toBe(enosys);
    }
  });

  test('programs for another processor make no calls', () => {
    // 32-bit x86.
    expect(judge(processor, 20, [], 0x4000_0003)).toBe(enosys);
  });

  test('processes and threads are made, and no namespaces', () => {
    const withFlags = (flags: bigint) => (processor.name === 's390x' ? [0n, flags] : [flags, 0n]);
    const number = numberOf(clone) ?? -1;
    // fork, and pthread_create.
    for (const flags of [0x0120_0011n, 0x003d_0f00n]) expect(judge(processor, number, withFlags(flags))).toBe(allowed);
    for (const flag of [0x2_0000n, 0x200_0000n, 0x400_0000n, 0x800_0000n, 0x1000_0000n, 0x2000_0000n, 0x4000_0000n]) {
      expect(judge(processor, number, withFlags(flag | 17n))).toBe(eperm);
      expect(judge(processor, numberOf(unshareCall) ?? -1, [flag])).toBe(eperm);
    }
    expect(judge(processor, numberOf(unshareCall) ?? -1, [0x80n])).toBe(eperm);
    expect(judge(processor, numberOf(unshareCall) ?? -1, [0x600n])).toBe(allowed);
  });

  test('sockets are of few families', () => {
    for (const family of [1n, 2n, 10n, 16n]) expect(judge(processor, numberOf(socket) ?? -1, [family])).toBe(allowed);
    // Packet, AF_ALG, vsock; the kernel takes the lower half for the family.
    for (const family of [0n, 17n, 38n, 40n, (1n << 32n) | 40n]) {
      expect(judge(processor, numberOf(socket) ?? -1, [family])).toBe(eafnosupport);
    }
  });
});
