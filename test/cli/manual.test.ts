import { describe, expect, test } from 'vitest';
import { manualPages } from '../../src/cli/manual.ts';
import { describeProgram } from '../../src/cli/program.ts';
import { run } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';

const groff: Tool = { name: 'groff', packages: { deb: 'groff', rpm: 'groff' }, purpose: 'formats manual pages' };

const program = await describeProgram({
  writeOut: () => undefined,
  writeErr: () => undefined,
  execute: async () => undefined,
});

describe.each(manualPages(program, '0.0.0'))('$name', ({ name, source }) => {
  test('formats without a warning and shows its text as it is', async () => {
    const { stdout, stderr } = await run(groff, ['-man', '-Tascii', '-ww', '-P-cbou'], { input: source });
    expect(stderr).toBe('');
    expect(stdout).toContain(name.replace(/\.1$/, '').toUpperCase());
    expect(stdout).toMatch(/\nSYNOPSIS\n {7}cosa/);
    expect(stdout).toContain('--help');
  });
});
