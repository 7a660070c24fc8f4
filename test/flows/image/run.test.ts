import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runMachine } from '../../../src/flows/image/run.ts';
import type { ArchitectureName } from '../../../src/lib/architecture.ts';
import { silentSession } from '../../helpers/session.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-run-'));
  vi.stubEnv('TMPDIR', directory);
  await writeFile(join(directory, 'disk.raw'), Buffer.alloc(1 << 20));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

/** Boots it with a BIOS, which machines for aarch64 do not have: no machine is started. */
async function run(architecture?: ArchitectureName): Promise<number> {
  const machine = { memory: 64, cpus: 1, network: 'none', firmware: 'bios', architecture } as const;
  return runMachine(silentSession(), { directory, disk: 'disk.raw', ...machine });
}

describe('a disk image that is named', () => {
  const unsupported = { code: 'FIRMWARE_UNSUPPORTED', message: expect.stringContaining('aarch64') };

  it('is for the architecture that its record tells', async () => {
    await writeFile(join(directory, 'disk.raw.json'), '{"name":"os","architecture":"aarch64"}');
    await expect(run()).rejects.toMatchObject(unsupported);
  });

  it('is for the architecture that is given, if nothing tells, or something else does', async () => {
    await expect(run('aarch64')).rejects.toMatchObject(unsupported);
    for (const record of ['{"architecture":"x86_64"}', '{"architecture":"vax"}', '{"architecture":7}', '[', '']) {
      await writeFile(join(directory, 'disk.raw.json'), record);
      await expect(run('aarch64')).rejects.toMatchObject(unsupported);
    }
  });
});
