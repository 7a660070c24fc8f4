import type { Architecture } from '../../lib/architecture.ts';
import { absentCalls, clone, newestCall, refusedCalls, type SystemCall, socket, unshareCall } from './system-calls.ts';

// https://docs.kernel.org/userspace-api/seccomp_filter.html, https://docs.kernel.org/networking/filter.html

/** AUDIT_ARCH_… of linux/audit.h: the ELF machine, and bits for 64 bit and little endian. */
function auditArchitecture({ elfMachine, bigEndian }: Architecture): number {
  return elfMachine + 0x80000000 + (bigEndian ? 0 : 0x40000000);
}

/** Instructions of classic BPF. */
const load = 0x20;
const jumpIfEqual = 0x15;
const jumpIfGreater = 0x25;
const jumpIfSet = 0x45;
const giveBack = 0x06;

/** What a filter can give back. */
const allow = 0x7fff0000;
const refuse = (errno: number) => 0x00050000 | errno;
const eperm = refuse(1);
const enosys = refuse(38);
const eafnosupport = refuse(97);

/** Offsets in struct seccomp_data. */
const callNumber = 0;
const architecture = 4;
const argumentsBegin = 16;

/** All CLONE_NEW… flags; the one for time is a signal's number to clone. */
const namespaceFlags = 0x7e020000;
const newTimeNamespace = 0x80;

/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. Others reach past the network namespace (AF_VSOCK), or into rare code. */
const socketFamilies = [1, 2, 10, 16];

interface Instruction {
  code: number;
  /** How many instructions are skipped if the test holds, and if not. */
  jumpTrue?: number;
  jumpFalse?: number;
  operand: number;
}

/**
 * The filter for the programs in the sandbox, as bubblewrap takes it: an array of struct sock_filter. What is not named
 * in system-calls.ts is allowed; calls that are newer than this program, and those of another processor (32-bit
 * programs), are absent.
 */
export function systemCallFilter(processor: Architecture): Uint8Array {
  return encode(instructions(processor), processor.bigEndian ?? false);
}

function instructions(processor: Architecture): Instruction[] {
  const { bigEndian, systemCalls } = processor;
  const ofCall = ({ numbers }: SystemCall, body: readonly Instruction[]): Instruction[] => {
    const number = numbers[systemCalls];
    return number === undefined ? [] : [{ code: jumpIfEqual, operand: number, jumpFalse: body.length }, ...body];
  };
  // Flags and families are the lower half of a 64-bit argument.
  const argument = (index: number): Instruction => ({
    code: load,
    operand: argumentsBegin + 8 * index + (bigEndian ? 4 : 0),
  });
  const unlessSet = (flags: number): Instruction[] => [
    { code: jumpIfSet, operand: flags, jumpFalse: 1 },
    result(eperm),
    result(allow),
  ];
  return [
    { code: load, operand: architecture },
    { code: jumpIfEqual, operand: auditArchitecture(processor), jumpTrue: 1 },
    result(enosys),
    { code: load, operand: callNumber },
    // Among these are x32's calls, which have a high bit set.
    { code: jumpIfGreater, operand: newestCall, jumpFalse: 1 },
    result(enosys),
    ...refusedCalls.flatMap((call) => ofCall(call, [result(eperm)])),
    ...absentCalls.flatMap((call) => ofCall(call, [result(enosys)])),
    // s390 has the flags second.
    ...ofCall(clone, [argument(systemCalls === 's390' ? 1 : 0), ...unlessSet(namespaceFlags)]),
    ...ofCall(unshareCall, [argument(0), ...unlessSet(namespaceFlags | newTimeNamespace)]),
    ...ofCall(socket, [
      argument(0),
      ...socketFamilies.flatMap((family) => [{ code: jumpIfEqual, operand: family, jumpFalse: 1 }, result(allow)]),
      result(eafnosupport),
    ]),
    result(allow),
  ];
}

function result(value: number): Instruction {
  return { code: giveBack, operand: value };
}

function encode(program: readonly Instruction[], bigEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(8 * program.length);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, jumpTrue = 0, jumpFalse = 0, operand }] of program.entries()) {
    view.setUint16(8 * index, code, !bigEndian);
    view.setUint8(8 * index + 2, jumpTrue);
    view.setUint8(8 * index + 3, jumpFalse);
    view.setUint32(8 * index + 4, operand, !bigEndian);
  }
  return bytes;
}
