import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { release } from '../../src/flows/publish/release.ts';
import { digestFile } from '../../src/lib/digest.ts';
import type { Stream } from '../../src/publish/metadata/stream.ts';
import { buildRelease, imageMaker, releaseOptions } from '../flows/publish/release-support.ts';
import { silentSession } from '../helpers/session.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-killed-'));
});
afterAll(() => rm(base, { recursive: true }));

/** Every published file with its digest. */
async function contentOf(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !path.includes('/.')) found.set(path.slice(root.length), (await digestFile(path)).digest);
  }
  return found;
}

async function streamIn(root: string): Promise<Stream> {
  return JSON.parse(await readFile(join(root, 'streams/stable.json'), 'utf8')) as Stream;
}

it('goes on wherever it was killed, to the same end', async () => {
  const directory = await mkdtemp(join(base, 'work-'));
  const published = await mkdtemp(join(base, 'store-'));
  const store = pathToFileURL(published).href;
  await buildRelease(directory, { settings: { platforms: ['qemu'] } });
  const program = fileURLToPath(new URL('../flows/publish/release-process.ts', import.meta.url));
  const runAt = (death: number) =>
    execa('node', ['--import', 'tsx', program, directory, store, String(death)], { reject: false });
  const seen: string[] = [];
  // Each one finds what those before it have done, so that each dies a step later.
  for (let death = 1; ; death++) {
    const { signal, exitCode, stderr } = await runAt(death);
    if (signal === undefined) {
      expect(exitCode, stderr).toBe(0);
      break;
    }
    expect(signal).toBe('SIGKILL');
    const stream = await streamIn(published).catch(() => undefined);
    seen.push(stream === undefined ? 'no stream' : 'stream');
    // What is named is there, whenever it died.
    for (const location of JSON.stringify(stream ?? {}).match(/file:\/\/[^"]+/g) ?? []) {
      expect((await readFile(new URL(location))).length).toBeGreaterThan(0);
    }
  }
  expect(seen.length).toBeGreaterThan(6);
  const other = await mkdtemp(join(base, 'whole-'));
  await release(silentSession(), imageMaker, releaseOptions(directory, pathToFileURL(other).href));
  const names = (content: Map<string, string>) => [...content.keys()].sort();
  expect(names(await contentOf(published))).toEqual(names(await contentOf(other)));
  const images = 'prod/streams/stable/builds/1.0/x86_64';
  expect(await contentOf(join(published, images))).toEqual(await contentOf(join(other, images)));
});
