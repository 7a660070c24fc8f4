import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildSite } from '../../../src/flows/site/build.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { attachTestResult } from '../../../src/oci/test-result.ts';
import { type WorkDirectory, workDirectoryAt, writeSettings } from '../../../src/workspace/work-directory.ts';
import { storeOsBuild } from '../../helpers/os-build.ts';
import { silentSession } from '../../helpers/session.ts';
import { passedResult } from '../../helpers/test-result.ts';

const session = silentSession();
const settings = { config: { source: '/config' } };

let work: WorkDirectory;
let output: string;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-site-'));
  await writeSettings(directory, settings);
  work = workDirectoryAt(directory, settings);
  output = join(directory, 'public');
});

afterEach(() => rm(work.root, { recursive: true, force: true }));

const build = (from?: string) => buildSite(session, { directory: work.root, output, from, store: undefined });
const page = (path: string) => readFile(join(output, path), 'utf8');
/** What somebody reads on a page, spaces aside. */
const textOf = async (path: string) => (await page(path)).replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

describe('buildSite', () => {
  it('shows streams, builds, tests, and packages that have changed', async () => {
    const first = await storeOsBuild(work.oci, { version: '1', packages: { bash: '5.2-1', sed: '4.9-1', vim: '9-1' } });
    await storeOsBuild(work.oci, { version: '2', packages: { bash: '5.2-2', sed: '4.9-1', zsh: '5-1' } });
    {
      await using store = await openLayoutForWriting(work.oci);
      await attachTestResult(store, first, passedResult(first));
      await attachTestResult(store, first, {
        ...passedResult(first),
        firmware: 'bios',
        tests: [{ name: 'ssh', status: 'failed', milliseconds: 61_000, log: '\u001b[31mno <route>\u001b[0m to host' }],
      });
      await store.setTags(['stable'], first);
    }
    expect(await build()).toMatchObject({ builds: 2, streams: 1, written: 7 });
    expect(await textOf('index.html')).toMatch(/stable 1 .* 2 none/);
    expect(await textOf('streams/stable.html')).toMatch(/Promoted 1 amd64/);
    const second = await textOf('builds/2.amd64.html');
    expect(second).toContain('zsh added – 5-1 vim removed 9-1 – bash newer 5.2-1 5.2-2');
    expect(second).toMatch(/candidate of stable not tested/);
    const older = await textOf('builds/1.amd64.html');
    expect(older).toMatch(/promoted to stable tests failed/);
    expect(older).toContain('no &lt;route&gt; to host');
    expect(older).toContain('1 min 1 s');
  });

  it('writes the same again, and nothing where nothing is new', async () => {
    await storeOsBuild(work.oci, { version: '1', packages: { bash: '5.2-1' } });
    await build();
    const files = await readdir(output, { recursive: true });
    expect(await build()).toMatchObject({ written: 0, removed: 0 });
    await rm(work.cache, { recursive: true });
    expect(await build()).toMatchObject({ written: 0, removed: 0 });
    expect(await readdir(output, { recursive: true })).toEqual(files);
  });

  it('reads another work directory, or a layout', async () => {
    await storeOsBuild(work.oci, { version: '1' });
    const elsewhere = await mkdtemp(join(tmpdir(), 'cosa-site-'));
    const make = (from: string, name: string) =>
      buildSite(session, { directory: elsewhere, output: join(elsewhere, name), from, store: undefined });
    expect(await make(work.root, 'a')).toMatchObject({ builds: 1 });
    expect(await make(`oci:${work.oci}`, 'b')).toMatchObject({ builds: 1 });
    await expect(make('nowhere', 'c')).rejects.toMatchObject({ code: 'WORK_DIRECTORY_MISSING' });
    await expect(make(`oci:${work.oci}:1`, 'c')).rejects.toMatchObject({ code: 'PLACE_INVALID' });
    await rm(elsewhere, { recursive: true });
  });
});
