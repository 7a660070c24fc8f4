import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { tryRun } from '../../src/exec/run.ts';
import { writeBootableDisk } from '../vm/boot-sector.ts';

const main = pathToFileURL(join(import.meta.dirname, '../../src/cli/main.ts')).href;
const node = { name: process.execPath, packages: { deb: 'nodejs', rpm: 'nodejs' }, purpose: 'runs the program' };

test('cosa run gives the guest our terminal, and ends when it does', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-run-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeBootableDisk(join(directory, 'disk.raw'), 'hello from the guest\r\n', 'power-off');

  const script = `import(${JSON.stringify(main)}).then(({ main }) => main(process.argv))`;
  const command = ['run', '--disk', 'disk.raw', '--memory', '256', '--cpus', '1', '-C', directory];
  const args = ['--import', 'tsx', '--eval', script, 'cosa', ...command];
  const { stdout, stderr, exitCode } = await tryRun(node, args, { env: { TMPDIR: directory } });

  expect({ stderr, exitCode }).toEqual({
    stderr: expect.stringMatching(/leave with Ctrl-A X; from another terminal: ssh .* -i \S+ -p \d+ core@127\.0\.0\.1/),
    exitCode: 0,
  });
  expect(stdout).toContain('hello from the guest');
  expect((await readdir(directory)).filter((name) => name.startsWith('cosa-'))).toEqual([]);
});
