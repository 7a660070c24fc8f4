import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLiveSite } from '../../../src/flows/site/live.ts';
import { openPackageLists } from '../../../src/flows/site/package-lists.ts';
import { serveSite } from '../../../src/flows/site/serve.ts';
import { openSource } from '../../../src/flows/site/source.ts';
import { digestOf } from '../../../src/lib/digest.ts';
import { imagesKey } from '../../../src/publish/keys.ts';
import { formatPublishedImages } from '../../../src/publish/published-images.ts';
import { type WorkDirectory, workDirectoryAt, writeSettings } from '../../../src/workspace/work-directory.ts';
import { storeOsBuild } from '../../helpers/os-build.ts';
import { silentSession } from '../../helpers/session.ts';

const settings = { config: { source: '/config' } };

let work: WorkDirectory;
beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-serve-'));
  await writeSettings(directory, settings);
  work = workDirectoryAt(directory, settings);
});
afterEach(() => rm(work.root, { recursive: true, force: true }));

const here = () => ({ directory: work.root, from: undefined, store: undefined });

it('serves a work directory until it is told to stop', async () => {
  await storeOsBuild(work.oci, { version: '1' });
  const stop = new AbortController();
  const notices = new EventEmitter();
  const noticed = once(notices, 'notice');
  const session = {
    ...silentSession(),
    signal: stop.signal,
    events: (event: { type: string; message?: string }) => {
      if (event.type === 'notice') notices.emit('notice', event.message?.split(' ')[0]);
    },
  };
  const served = serveSite(session, { ...here(), listen: { host: '127.0.0.1', port: 0 } });
  const [url] = (await noticed) as [string];
  expect(await (await fetch(url)).text()).toContain('>1</a>');
  stop.abort();
  expect(await served).toBe(url);
  await expect(fetch(url)).rejects.toThrow();
});

it('shows what has come since, and lists of packages once they are read', async () => {
  const session = silentSession();
  await storeOsBuild(work.oci, { version: '1', packages: { bash: '5.2-1' } });
  await using source = await openSource(session, here());
  await using lists = openPackageLists(work.cache);
  const site = await openLiveSite(session, source, lists);
  await storeOsBuild(work.oci, { version: '2', packages: { bash: '5.2-2' } });
  await expect.poll(async () => (await site.documents()).has('builds/2.amd64.html'), { timeout: 20_000 }).toBe(true);
  const page = async () => (await site.documents()).get('builds/2.amd64.html')?.text() ?? '';
  await expect.poll(page, { timeout: 20_000 }).toContain('5.2-2');
  await site.close();
});

it('shows the pages of before where a place cannot be read any more, and says so', async () => {
  const warnings: string[] = [];
  const session = {
    ...silentSession(),
    events: (event: { type: string; message?: string }) => {
      if (event.type === 'warning') warnings.push(event.message ?? '');
    },
  };
  await storeOsBuild(work.oci, { version: '1' });
  await using source = await openSource(session, here());
  await using lists = openPackageLists(work.cache);
  const site = await openLiveSite(session, source, lists);
  await writeFile(join(work.oci, 'index.json'), '{');
  await expect
    .poll(
      async () => {
        await site.documents();
        return warnings.length;
      },
      { timeout: 20_000 },
    )
    .toBeGreaterThan(0);
  expect((await site.documents()).has('builds/1.amd64.html')).toBe(true);
  expect(warnings[0]).toMatch(/^what the site shows cannot be read anew: /);
  await site.close();
});

it('shows what is published, with addresses, and what of it cannot be read', async () => {
  const session = silentSession();
  const { digest } = await storeOsBuild(work.oci, { version: '1' });
  const name = { stream: 'stable', version: '1', architecture: 'x86_64' };
  const published = join(work.root, 'published');
  for (const [version, text] of [
    [
      '1',
      formatPublishedImages({
        ...name,
        name: 'test-os',
        container: { digest, 'ostree-commit': digestOf('x').slice(7) },
        images: [
          {
            platform: 'qemu',
            format: 'qcow2',
            files: [{ role: 'disk', name: 'os.qcow2', size: 5, sha256: '0'.repeat(64), signature: 'os.qcow2.sig' }],
          },
        ],
      }),
    ],
    ['2', '{'],
  ] as const) {
    const file = join(published, imagesKey({ ...name, version }));
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, text);
  }
  const options = { endpoint: undefined, region: undefined, baseUrl: 'https://example.com/os' };
  await using source = await openSource(session, { ...here(), store: { url: `file://${published}`, options } });
  await using lists = openPackageLists(work.cache);
  const site = await openLiveSite(session, source, lists);
  const documents = await site.documents();
  await site.close();
  expect(documents.get('builds/1.amd64.html')?.text()).toContain(
    'href="https://example.com/os/prod/streams/stable/builds/1/x86_64/os.qcow2"',
  );
  expect(documents.get('index.html')?.text()).toContain('builds/2/x86_64/images.json');
});
