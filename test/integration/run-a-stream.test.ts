import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildRelease } from '../flows/publish/release-support.ts';
import { accessibilityFaults, openPage, startBrowser } from '../helpers/browser.ts';
import { type Swift, startSwift } from '../helpers/swift.ts';
import { cosaOk } from './fixture.ts';

// A stream of two months in an object store: a release, the next, what a policy leaves of them, and what people see.

const first = '44.20260101.0';
const second = '44.20260201.0';
const store = 's3://streams/os';

let root: string;
let swift: Swift;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cosa-run-a-stream-'));
  swift = await startSwift();
  await swift.makeBucket('streams');
});
afterEach(async () => {
  await swift[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

async function json<T>(...args: string[]): Promise<T> {
  return JSON.parse(await cosaOk(root, ['--json', ...args], swift.environmentOf(swift.publisher))) as T;
}

const storeOptions = () => ['--endpoint', swift.endpoint];

async function release(version: string): Promise<void> {
  await buildRelease(root, { version, tags: [version, 'stable'], settings: { platforms: ['qemu'] } });
  await json('release', store, ...storeOptions());
}

interface Collected {
  places: { removed: { name: string }[] }[];
}

test('a second version is published, the first one collected, and the page shows what is left', async () => {
  await release(first);
  await release(second);
  await writeFile(join(root, 'gc.yaml'), `places: [oci, "${store}"]\nkeep-last: 1\n`);
  async function gc(...options: string[]): Promise<string[][]> {
    const { places } = await json<Collected>('gc', '--policy', 'gc.yaml', ...storeOptions(), ...options);
    return places.map(({ removed }) => removed.map(({ name }) => name));
  }
  const planned = await gc();
  expect(planned).toEqual([[first], [`stable ${first}`]]);
  const show = () => json<unknown>('stream', 'show', store, '--platform', 'qemu', ...storeOptions());
  const before = await show();
  expect(await gc('--apply')).toEqual(planned);
  expect(await gc()).toEqual([[], []]);
  expect(await show()).toEqual(before);

  const site = join(root, 'site');
  await json('site', 'build', site, '--store', store, ...storeOptions());
  const browser = await startBrowser();
  try {
    await using opened = await openPage(browser, pathToFileURL(join(site, 'index.html')).href);
    const { page, complaints } = opened;
    const text = await page.innerText('main');
    expect(text).toContain(second);
    expect(text).not.toContain(first);
    await page.click(`a:text-is("${second}")`);
    const build = await page.innerText('main');
    expect(build).toContain(`test-os-${second}-qemu.x86_64.qcow2.gz`);
    // Looked at first: what checks the page for everybody's use asks for its style sheet, and may not.
    expect(complaints).toEqual([]);
    expect(await accessibilityFaults(page)).toEqual([]);
  } finally {
    await browser.close();
  }
});
