import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFile } from '../../src/exec/lock.ts';
import { start } from '../../src/exec/run.ts';
import { storeBytes } from '../../src/oci/artifact.ts';
import { checkLayout } from '../../src/oci/layout/check.ts';
import { layoutPaths } from '../../src/oci/layout/paths.ts';
import { pruneLayout } from '../../src/oci/layout/prune.ts';
import { openLayout, openLayoutForWriting } from '../../src/oci/layout.ts';
import { mediaTypes } from '../../src/oci/types.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { storeImage } from '../helpers/image.ts';

const node = { name: process.execPath, packages: { deb: 'nodejs', rpm: 'nodejs' }, purpose: 'runs a writer' };
const script = new URL('../helpers/layout-writer.ts', import.meta.url).pathname;
const none = async () => new Set<string>();

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-processes-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

async function startWriter(name: string, count: number) {
  const options = { cwd: new URL('../..', import.meta.url).pathname };
  const writer = await start(node, ['--import', 'tsx', script, directory, name, String(count)], options);
  return { ...writer, lines: createInterface(writer.stdout) };
}

describe('processes that write one layout', () => {
  it('lose nothing when they write at once', async () => {
    const writers = await Promise.all(['a', 'b', 'c'].map((name) => startWriter(name, 8)));
    await Promise.all(writers.map(({ done }) => done));
    const tags = [...(await (await openLayout(directory)).listTags()).keys()];
    expect(tags).toEqual(
      ['a', 'b', 'c'].flatMap((name) => Array.from({ length: 8 }, (_, number) => `${name}-${number}`)),
    );
    expect(await checkLayout(directory, silentReporter())).toMatchObject({ problems: [], leftovers: 0, entries: 24 });
  });

  it('leave a sound layout when they are killed, wherever they are', async () => {
    const expected: string[] = [];
    // A round writes five images in some forty steps: each is killed a few steps further on.
    for (const [round, steps] of [1, 3, 5, 6, 7, 8, 20, 30].entries()) {
      const writer = await startWriter(`r${round}`, 5);
      let seen = 0;
      for await (const line of writer.lines) {
        if (line.startsWith('tagged ')) expected.push(line.slice('tagged '.length));
        if (++seen === steps) writer.kill('SIGKILL');
      }
      await expect(writer.done).rejects.toMatchObject({ code: 'TOOL_FAILED' });
      const report = await checkLayout(directory, silentReporter());
      expect(report.problems).toEqual([]);
    }
    const tags = [...(await (await openLayout(directory)).listTags()).keys()];
    expect(tags).toEqual(expect.arrayContaining(expected));

    // Once the last writer's lock is gone, the next writer cleans up.
    const { writersLock, temporary } = layoutPaths(directory);
    await (await lockFile(writersLock))[Symbol.asyncDispose]();
    await (await openLayoutForWriting(directory))[Symbol.asyncDispose]();
    expect(await readdir(temporary)).toEqual([]);
    await pruneLayout(directory, none, false);
    expect(await checkLayout(directory, silentReporter())).toMatchObject({
      problems: [],
      unreferenced: { blobs: 0, bytes: 0 },
      leftovers: 0,
    });
  });

  it('keep their unfinished work while another prunes', async () => {
    const events: string[] = [];
    const store = await openLayoutForWriting(directory);
    const layer = Buffer.from('not reachable yet');
    const blob = await storeBytes(store, layer, mediaTypes.layer);
    const pruned = pruneLayout(directory, none, false).then(() => events.push('pruned'));
    // Time enough for a prune that would not wait.
    for (let number = 0; number < 50; number++)
      await storeBytes(store, Buffer.from(`blob ${number}`), mediaTypes.layer);
    expect(await store.hasBlob(blob.digest)).toBe(true);
    await store.setTags(['late'], await storeImage(store, [layer]));
    events.push('tagged');
    await store[Symbol.asyncDispose]();
    await pruned;
    expect(events).toEqual(['tagged', 'pruned']);
    expect(await checkLayout(directory, silentReporter())).toMatchObject({
      problems: [],
      blobs: 3,
      unreferenced: { blobs: 0 },
    });
  });

  it('do not remove what others are writing', async () => {
    await using first = await openLayoutForWriting(directory);
    const unfinished = await first.createBlob();
    await unfinished.write(Buffer.from('half'));
    await writeFile(join(directory, '.index.json.123-0123abcd.tmp'), '');
    await (await openLayoutForWriting(directory))[Symbol.asyncDispose]();
    await unfinished.write(Buffer.from(' and half'));
    const { digest } = await unfinished.commit();
    expect(await first.hasBlob(digest)).toBe(true);
  });
});
