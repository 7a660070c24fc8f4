import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeSystem } from '../flows/publish/support.ts';
import { cosa } from './in-process.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-gc-'));
  await writeFile(join(directory, 'cosa.json'), JSON.stringify({ config: { source: directory } }));
  await writeFile(join(directory, 'gc.yaml'), 'keep-last: 1\n');
});
afterEach(() => rm(directory, { recursive: true }));

const gc = (...args: readonly string[]) => cosa(['-C', directory, 'gc', '--policy', 'gc.yaml', ...args]);
const date = (day: string) => ({ labels: { 'org.opencontainers.image.created': `2020-01-${day}T00:00:00Z` } });

describe('cosa gc', () => {
  it('says what would go and why, then what is gone, to people and to scripts', async () => {
    const oci = join(directory, 'oci');
    await storeSystem(oci, '13.1', { ...date('01'), tags: ['13.1'] });
    await storeSystem(oci, '13.2', { ...date('02'), tags: ['13.2', 'mine'] });
    const planned = await gc();
    expect(planned.status).toBe(0);
    expect(planned.stdout.split('\n')).toEqual([
      expect.stringMatching(/^oci:.*: would remove 1 item of 2 \(3 blobs, [^)]*B\)$/) as string,
      '  goes container 13.1: it is not among the last 1 of stable; nothing that stays needs it',
      '  stays container 13.2: it has the tag "mine"; it is among the last 1 of stable',
      '',
    ]);
    const { stdout } = await gc('--json', '--apply');
    expect(JSON.parse(stdout)).toMatchObject({
      applied: true,
      places: [
        {
          removed: [{ kind: 'container', name: '13.1', stream: 'stable', created: '2020-01-01T00:00:00.000Z' }],
          kept: [{ name: '13.2', tags: ['13.2', 'mine'] }],
          freed: { blobs: 3 },
        },
      ],
    });
    expect((await gc('--apply')).stdout).toMatch(/^oci:.*: there is nothing to remove\n$/);
  });

  it('points to what is wrong with the policy', async () => {
    await writeFile(join(directory, 'gc.yaml'), 'keep-lst: 1\n');
    const { status, stderr } = await gc();
    expect(status).toBe(2);
    expect(stderr).toContain('gc.yaml:1:1: unknown key "keep-lst"');
    expect(stderr).toContain('did you mean "keep-last"?');
  });
});
