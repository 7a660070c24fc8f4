import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tryRun } from '../../src/exec/run.ts';

const overlays = resolve(import.meta.dirname, '../../examples/debian-coreos/overlay.d');
const update = join(overlays, '30update');
const analyze = { name: 'systemd-analyze', packages: { deb: 'systemd', rpm: 'systemd' }, purpose: 'checks units' };

async function units(): Promise<string[]> {
  const files = await readdir(overlays, { recursive: true });
  return files.filter((file) => /^[^/]+\/usr\/lib\/systemd\/system\/[^/]+\.(service|timer|mount)$/.test(file)).sort();
}

test.each(await units())('systemd takes %s', async (unit) => {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-units-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const overlay = join(overlays, unit.split('/')[0] ?? '');
  // Its programs are where the overlay has them; a timer wants its service beside it.
  for (const sibling of await units()) {
    const text = await readFile(join(overlays, sibling), 'utf8');
    const here = text.replaceAll(/^(Exec\w+=)(\/usr\/\S+)/gm, `$1${overlay}$2`);
    await writeFile(join(directory, basename(sibling)), here);
  }
  const file = join(directory, basename(unit));
  const { stdout, stderr, exitCode } = await tryRun(analyze, ['verify', '--man=no', file], {});
  expect({ output: stdout + stderr, exitCode }).toEqual({ output: '', exitCode: 0 });
});

test('systems update by themselves: the timer is enabled, and what it starts stages an update', async () => {
  const unit = (name: string) => readFile(join(update, 'usr/lib/systemd/system', name), 'utf8');
  const preset = await readFile(join(update, 'usr/lib/systemd/system-preset/42-cosa-update.preset'), 'utf8');
  expect(preset).toBe('enable cosa-update.timer\n');
  expect(await unit('cosa-update.timer')).toMatch(/^WantedBy=timers\.target$/m);
  const commands = [...(await unit('cosa-update.service')).matchAll(/^Exec\w+=(.*)$/gm)].map(([, command]) => command);
  expect(commands).toEqual(['/usr/bin/cosa-update upgrade --check', '/usr/bin/cosa-update upgrade']);
  const script = await readFile(join(update, 'usr/bin/cosa-update'), 'utf8');
  expect(script).toContain("'upgrade --check'");
});

test('no script under pipefail asks by a pipeline whose reader ends before its writer', async () => {
  const files = await readdir(overlays, { recursive: true, withFileTypes: true });
  const early: string[] = [];
  for (const entry of files.filter((file) => file.isFile())) {
    const file = join(entry.parentPath, entry.name);
    const text = await readFile(file, 'latin1');
    if (!/^set -.*pipefail/m.test(text)) continue;
    for (const [line] of text.matchAll(/^.*\|\s*(?:grep\s+(?:-\w*q|--quiet)|head\s).*$/gm))
      early.push(`${file}: ${line}`);
  }
  expect(early).toEqual([]);
});
