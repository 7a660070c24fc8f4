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

test('a guest that does not come up is one failed test, with its console; nothing is left but the log', async () => {
  const disk = join(directory, 'image.raw');
  await writeBootableDisk(disk, 'Kernel panic - not syncing\n', 'halt');
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

  expect(outcome.tests).toEqual([
    { name: 'boot', status: 'failed', milliseconds: expect.any(Number), log: expect.stringContaining('Kernel panic') },
  ]);
  expect(outcome.started).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(outcome.consoleLog).toBe(join(directory, 'logs', 'basic-bios.console.log'));
  expect(await readFile(outcome.consoleLog, 'latin1')).toContain('Kernel panic');
  expect(await readdir(directory)).toEqual(['image.raw', 'logs']);
  const steps = events.flatMap((event) => ('title' in event ? [`${event.type} ${event.title}`] : []));
  expect(steps).toEqual([
    'step-started start machine',
    'step-finished start machine',
    'step-started basic.boot',
    'step-failed basic.boot',
  ]);
});
