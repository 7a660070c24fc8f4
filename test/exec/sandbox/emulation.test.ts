import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { emulationRule } from '../../../src/exec/sandbox/emulation.ts';
import { architectureNamed, hostArchitecture } from '../../../src/lib/architecture.ts';
import { checkout, runAsUser, tool } from './as-user.ts';

/** What a rule matches, as the kernel reads it. */
function ruleMatches(rule: string, file: Uint8Array): boolean {
  const [, , type, offset, magic = '', mask = ''] = rule.split(':');
  expect([type, offset]).toEqual(['M', '0']);
  const bytes = (text: string) =>
    [...text.matchAll(/\\x([0-9a-f]{2})/g)].map(([, hex]) => Number.parseInt(hex ?? '', 16));
  const masks = bytes(mask);
  return bytes(magic).every((byte, index) => ((file[index] ?? 0) & (masks[index] ?? 0xff)) === byte);
}

const script = (directory: string) => [
  ...[process.execPath, '--import', join(directory, 'node_modules/tsx/dist/loader.mjs')],
  join(directory, 'test/exec/sandbox/foreign-program.ts'),
];

test.each([
  ['root', async () => (await run(tool('env'), script(checkout))).stdout],
  ['an ordinary user', async () => runAsUser(script)],
])('a program for another processor runs in the sandbox of %s', async (_, attempt) => {
  const text = 'hello from afar\n';
  expect(JSON.parse(await attempt())).toEqual({ exitCode: 7, stdout: text, stderr: '', streamed: text });
});

describe('the rule for an emulator', () => {
  test('is what the kernel takes: opened at once, told how a program was called', () => {
    expect(emulationRule(architectureNamed('aarch64'), '/usr/bin/qemu-aarch64-static')).toBe(
      ':cosa-aarch64:M:0:' +
        '\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:' +
        '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:' +
        '/usr/bin/qemu-aarch64-static:PF',
    );
  });

  test('names another order of bytes where the architecture has it', () => {
    const rule = emulationRule(architectureNamed('s390x'), '/q');
    const program = Buffer.from('7f454c46020201000000000000000000000300160000', 'hex');
    expect(ruleMatches(rule, program)).toBe(true);
    program[5] = 1;
    expect(ruleMatches(rule, program)).toBe(false);
  });

  test("matches this machine's own programs, and no others", () => {
    const program = readFileSync(process.execPath).subarray(0, 32);
    expect(ruleMatches(emulationRule(hostArchitecture(), '/q'), program)).toBe(true);
    expect(ruleMatches(emulationRule(architectureNamed('riscv64'), '/q'), program)).toBe(false);
    expect(ruleMatches(emulationRule(hostArchitecture(), '/q'), Buffer.from('#!/bin/sh\n'.repeat(4)))).toBe(false);
  });
});
