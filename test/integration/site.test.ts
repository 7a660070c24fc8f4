import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { artifactOf } from '../../src/flows/site/artifacts.ts';
import { type SiteServer, startSiteServer } from '../../src/publish/site/server.ts';
import { siteDocuments } from '../../src/publish/site/site.ts';
import { writeSite } from '../../src/publish/site/write.ts';
import { accessibilityFaults, openPage, startBrowser } from '../helpers/browser.ts';
import { hostileModel, hostileText } from '../publish/site/hostile-model.ts';
import { manyBuilds, syntheticModel } from '../publish/site/synthetic-model.ts';

let browser: Browser;
let site: SiteServer;
let hostile: SiteServer;

const files = ['kernel', 'initramfs', 'rootfs'].map((role) => ({
  role,
  name: `os-1-live-${role}`,
  size: 5_000_000,
  sha256: 'a'.repeat(64),
  location: `https://example.com/os-1-live-${role}`,
  signature: `os-1-live-${role}.sig`,
}));

function realisticModel() {
  const [newest, ...others] = manyBuilds(40);
  if (newest === undefined) throw new Error('there is no build');
  const artifacts = ['live-pxe', 'qemu', 'unheard-of'].map((platform) => artifactOf(platform, 'x', 'store', files));
  const build = {
    ...newest,
    artifacts,
    signed: true,
    unusableTests: ['a result is malformed'],
    remarks: ['x is damaged'],
  };
  return syntheticModel([build, ...others], { repository: 'docker://registry.example.com/os', remarks: ['y is gone'] });
}

const serveModel = (model: ReturnType<typeof realisticModel>) => {
  const documents = siteDocuments(model);
  return startSiteServer(
    { host: '127.0.0.1', port: 0 },
    async () => documents,
    (error) => {
      throw error;
    },
  );
};

beforeAll(async () => {
  browser = await startBrowser();
  site = await serveModel(realisticModel());
  hostile = await serveModel(hostileModel());
});

afterAll(async () => {
  await browser.close();
  await site[Symbol.asyncDispose]();
  await hostile[Symbol.asyncDispose]();
});

const newest = 'builds/44.20200209.0.amd64.html';
/** Its tests have failed. */
const failed = 'builds/44.20200202.0.amd64.html';
const pages = ['', 'builds.html', 'streams/stable.html', newest, failed];

describe.each(pages)('the page "%s"', (path) => {
  it.each([
    { colorScheme: 'light', width: 1280 },
    { colorScheme: 'dark', width: 400 },
  ] as const)('is usable for everybody, $colorScheme and $width wide', async ({ colorScheme, width }) => {
    await using opened = await openPage(browser, site.url + path, { colorScheme, viewport: { width, height: 900 } });
    const { page, complaints } = opened;
    await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true; })');
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(complaints).toEqual([]);
  });
});

describe('a site', () => {
  it('shows what is hostile as text, and follows no address of it', async () => {
    const documents = siteDocuments(hostileModel());
    for (const path of documents.keys()) {
      if (!path.endsWith('.html')) continue;
      await using opened = await openPage(browser, hostile.url + path);
      const { page, complaints } = opened;
      expect(
        await page.locator('script, iframe, object, embed, img, form, base, body *[onload], body *[onerror]').count(),
      ).toBe(0);
      const links = await page.evaluate<string[]>('Array.from(document.querySelectorAll("a"), (one) => one.protocol)');
      expect(new Set(links)).toEqual(new Set(['http:']));
      expect(await page.locator('main').textContent()).toContain(hostileText);
      expect(complaints).toEqual([]);
    }
  });

  it('needs no script', async () => {
    await using opened = await openPage(browser, site.url, { javaScriptEnabled: false });
    const { page } = opened;
    await page.getByRole('link', { name: '44.20200209.0' }).first().click();
    await page.getByText('How to start it').nth(1).click();
    expect(await page.getByText('cosa run --disk').isVisible()).toBe(true);
    expect(await page.locator('svg.treemap').boundingBox()).toMatchObject({ height: 420 });
  });

  it('needs no server', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cosa-site-'));
    await writeSite(directory, siteDocuments(realisticModel()), new AbortController().signal);
    await using opened = await openPage(browser, pathToFileURL(join(directory, 'index.html')).href);
    const { page, complaints } = opened;
    await page.getByRole('link', { name: '44.20200209.0' }).first().click();
    expect(await page.locator('h1').textContent()).toBe('44.20200209.0');
    // The style sheet is there: no sign of a page without.
    expect(await page.evaluate('getComputedStyle(document.querySelector(".facts")).display')).toBe('grid');
    expect(complaints).toEqual([]);
    await rm(directory, { recursive: true });
  });

  it('is led through by the keyboard', async () => {
    await using opened = await openPage(browser, site.url + newest);
    const { page } = opened;
    await page.keyboard.press('Tab');
    const skip = page.getByText('Skip to content');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    expect(await skip.boundingBox()).toMatchObject({ x: 12 });
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).hash).toBe('#content');
    const closed = page.locator('details:not([open]) > summary');
    const count = await closed.count();
    await closed.first().focus();
    await page.keyboard.press('Enter');
    expect(await closed.count()).toBe(count - 1);
  });

  it('prints without what only a screen needs, on white', async () => {
    await using opened = await openPage(browser, site.url + failed, { colorScheme: 'dark' });
    const { page } = opened;
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.locator('nav.sections').isVisible()).toBe(false);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-');
  });

  it('has two thousand builds on a page, and all of them can be found on it', async () => {
    await using many = await serveModel(syntheticModel(manyBuilds(2000)));
    await using opened = await openPage(browser, `${many.url}builds.html`);
    const { page, complaints } = opened;
    expect(await page.locator('tbody tr').count()).toBe(2000);
    await page.locator('tbody tr').last().scrollIntoViewIfNeeded();
    expect(await page.locator('tbody tr').last().isVisible()).toBe(true);
    expect(complaints).toEqual([]);
  });
});
