import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runSuite } from '../../../src/flows/image/run-suite.ts';
import type { PipelineEvent } from '../../../src/progress/events.ts';
import { createPipeline } from '../../../src/progress/step.ts';
import { selectTests } from '../../../src/vm/suites/select.ts';
import { suites } from '../../../src/vm/suites.ts';
import { writeBootableDisk } from '../../vm/boot-sector.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-suite-'));
  vi.stubEnv('TMPDIR', directory);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

/** Runs the suite `basic` on a disk that prints a text and halts. */
async function runOn(text: string) {
  const disk = join(directory, 'image.raw');
  await writeBootableDisk(disk, text, 'halt');
  const events: PipelineEvent[] = [];
  const pipeline = createPipeline((event) => void events.push(event), new AbortController().signal);
  const [selection] = selectTests(suites, ['basic']);
  if (selection === undefined) throw new Error('no suite is called basic');
  const outcome = await runSuite(pipeline, selection, {
    disk,
    commit: 'ab'.repeat(32),
    architecture: 'x86_64',
    firmware: 'bios',
    memory: 64,
    cpus: 1,
    logDirectory: join(directory, 'logs'),
  });
  const steps = events.flatMap((event) => ('title' in event ? [`${event.type} ${event.title}`] : []));
  return { outcome, steps, events };
}

const failedBoot = [
  'step-started start machine',
  'step-finished start machine',
  'step-started basic.boot',
  'step-failed basic.boot',
];

test('a guest that does not come up is one failed test, with its console; nothing is left but the log', async () => {
  const { outcome, steps } = await runOn('Kernel panic - not syncing\n');

  expect(outcome.tests).toEqual([
    { name: 'boot', status: 'failed', milliseconds: expect.any(Number), log: expect.stringContaining('Kernel panic') },
  ]);
  expect(outcome.started).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(outcome.consoleLog).toBe(join(directory, 'logs', 'basic-bios.console.log'));
  expect(await readFile(outcome.consoleLog, 'latin1')).toContain('Kernel panic');
  expect(await readdir(directory)).toEqual(['image.raw', 'logs']);
  expect(steps).toEqual(failedBoot);
});

test('a guest whose kernel the emulator has broken is booted once more, and no more often', async () => {
  vi.stubEnv('COSA_NO_KVM', '1');
  const { outcome, steps, events } = await runOn('Oops: int3: 0000 [#1]\nKernel panic - not syncing\n');
  expect(steps).toEqual([...failedBoot, ...failedBoot]);
  expect(outcome.tests).toMatchObject([{ name: 'boot', status: 'failed' }]);
  expect(events).toContainEqual(
    expect.objectContaining({
      message: "the emulator has broken the guest's kernel, and nothing is known of the disk: it is booted once more",
    }),
  );
});
