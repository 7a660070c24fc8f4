import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitStatus } from '../../../src/lib/exit-status.ts';
import { builtWorkDirectory, cosa, cosaOk, freshWorkDirectory, testWork } from '../../integration/fixture.ts';
import { type BootReport, failures } from '../boot.ts';
import { takeFedoraLayout } from '../fedora-layout.ts';

// Boot loaders as Fedora arranges them, with a GRUB that reads the entries in /loader itself.

const directory = resolve(testWork, 'entries');
let scratch: string;

beforeAll(async () => {
  // Of another Debian's directories, only those for temporary files can be shared with it.
  scratch = await mkdtemp(join(tmpdir(), 'cosa-entries-'));
  const { config } = await freshWorkDirectory('entries', await builtWorkDirectory());
  await takeFedoraLayout(config, scratch);
  await cosaOk(directory, ['ostree', 'build']);
});

afterAll(() => Promise.all([directory, scratch].map((path) => rm(path, { recursive: true, force: true }))));

// By UEFI, shim's fallback writes a boot entry first, which then starts the vendor's own copies.
test.each([
  ['bios', ['basic.running', 'basic.firmware']],
  ['uefi', ['basic.running', 'basic.firmware', 'deploy']],
] as const)('the disk boots by %s: %j', async (firmware, patterns) => {
  const { exitCode, stdout, stderr } = await cosa(directory, ['test', '--json', '--firmware', firmware, ...patterns]);
  expect([exitStatus.ok, exitStatus.testsFailed], stderr).toContain(exitCode);
  const report = JSON.parse(stdout) as BootReport;
  expect(failures(report)).toEqual([]);
  expect(await readFile(report.suites.at(-1)?.consoleLog ?? '', 'latin1')).toContain('GNU GRUB  version 2.14');
});
