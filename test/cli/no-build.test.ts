import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeSettings } from '../../src/workspace/work-directory.ts';
import { cosa } from './in-process.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-fresh-'));
  await writeSettings(directory, { config: { source: '../config' } });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a fresh work directory', () => {
  it.each([[['list']], [['fsck']], [['fsck', '--repair']], [['prune', '--keep', '3']]])(
    'has no build yet, which is no error: cosa %j',
    async (args) => {
      const { stdout, status } = await cosa(['-C', directory, ...args]);
      expect({ stdout, status }).toEqual({ stdout: 'no build yet: cosa ostree build\n', status: 0 });
    },
  );

  it('lists nothing for a script', async () => {
    const { stdout, status } = await cosa(['-C', directory, 'list', '--json']);
    expect({ list: JSON.parse(stdout), status }).toEqual({ list: [], status: 0 });
  });
});

it('fsck wants to repair before it asks where from', async () => {
  const { stderr, status } = await cosa(['-C', directory, 'fsck', '--from', 'oci:elsewhere']);
  expect(status).toBe(2);
  expect(stderr).toContain('add --repair');
});
