import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunOptions, runMachine } from '../../../src/flows/image/run.ts';
import { silentSession } from '../../helpers/session.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-run-'));
  await writeFile(join(directory, 'butane.ign'), 'variant: fcos\n');
});

afterEach(() => rm(directory, { recursive: true }));

const machine = { firmware: 'bios', memory: 64, cpus: 1, network: 'none' } as const;
const session = silentSession();

test.each<[Partial<RunOptions>, string]>([
  [{ disk: 'a.qcow2', from: 'stable' }, 'DISK_AND_CONTAINER'],
  [{ disk: 'a.qcow2', ignition: 'missing.ign' }, 'IGNITION_MISSING'],
  [{ disk: 'a.qcow2', ignition: 'butane.ign' }, 'IGNITION_INVALID'],
  [{ disk: 'nope.qcow2' }, 'DISK_MISSING'],
  [{ disk: '.' }, 'DISK_MISSING'],
  [{}, 'WORK_DIRECTORY_MISSING'],
])('is refused before anything is started: %j', async (options, code) => {
  await expect(runMachine(session, { directory, ...machine, ...options })).rejects.toMatchObject({
    code,
    exitStatus: 2,
  });
});
