import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SiteDocument } from '../../../src/publish/site/site.ts';
import { writeSite } from '../../../src/publish/site/write.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cosa-site-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const { signal } = new AbortController();

function documents(texts: Readonly<Record<string, string | (() => string)>>): Map<string, SiteDocument> {
  return new Map(
    Object.entries(texts).map(([path, text]) => [
      path,
      { contentType: 'text/html', isImmutable: false, text: typeof text === 'string' ? () => text : text },
    ]),
  );
}

function filesOf(top = directory): string[] {
  return readdirSync(top, { recursive: true, encoding: 'utf8' })
    .filter((path) => lstatSync(join(top, path)).isFile())
    .sort((a, b) => (a < b ? -1 : 1));
}

it('writes what has changed, removes what is gone, and leaves the rest alone', async () => {
  writeFileSync(join(directory, 'robots.txt'), 'mine');
  expect(
    await writeSite(directory, documents({ 'builds/a.html': '1', 'builds/b.html': '2', 'index.html': '3' }), signal),
  ).toEqual({
    written: 3,
    unchanged: 0,
    removed: 0,
  });
  mkdirSync(join(directory, 'builds/notes'));
  expect(await writeSite(directory, documents({ 'builds/a.html': '1', 'index.html': 'new' }), signal)).toEqual({
    written: 1,
    unchanged: 1,
    removed: 1,
  });
  expect(filesOf()).toEqual(['.cosa-site.json', 'builds/a.html', 'index.html', 'robots.txt']);
  expect(readFileSync(join(directory, 'index.html'), 'utf8')).toBe('new');
  expect(await writeSite(directory, documents({ 'index.html': 'new' }), signal)).toMatchObject({ removed: 1 });
  expect(readdirSync(join(directory, 'builds'))).toEqual(['notes']);
});

it.each([
  ['a file', () => writeFileSync(join(directory, 'index.html'), 'mine'), 'index.html'],
  [
    'a link in a folder’s place',
    () => symlinkSync(mkdtempSync(join(directory, 'elsewhere-')), join(directory, 'builds')),
    'builds',
  ],
  ['a file in a folder’s place', () => writeFileSync(join(directory, 'builds'), 'mine'), 'builds'],
  ['a dangling link', () => symlinkSync('nowhere', join(directory, 'index.html')), 'index.html'],
])('refuses to replace %s that it has not written, before it writes anything', async (_what, make, path) => {
  make();
  const before = filesOf();
  await expect(
    writeSite(directory, documents({ 'builds/a.html': '1', 'index.html': '2' }), signal),
  ).rejects.toMatchObject({
    code: 'SITE_FILE_FOREIGN',
    message: `${join(directory, path)} is there, and is none of the site's files`,
  });
  expect(filesOf()).toEqual(before);
});

it.each([
  ['no JSON', '{'],
  ['a path that leads out', '{"files": ["../victim"]}'],
  ['an absolute path', '{"files": ["/etc/passwd"]}'],
  ['a hidden file', '{"files": [".bashrc"]}'],
  ['no list', '{}'],
])('removes nothing by a list of files that is %s', async (_what, text) => {
  writeFileSync(join(directory, '.cosa-site.json'), text);
  await expect(writeSite(directory, documents({ 'index.html': '1' }), signal)).rejects.toMatchObject({
    code: 'SITE_MARKER_INVALID',
  });
  expect(filesOf()).toEqual(['.cosa-site.json']);
});

it('completes what a run left that was stopped', async () => {
  await writeSite(directory, documents({ 'builds/old.html': '1', 'index.html': '1' }), signal);
  const stopped = documents({
    'builds/new.html': '2',
    'builds/never.html': () => {
      throw new Error('stopped');
    },
    'index.html': '2',
  });
  await expect(writeSite(directory, stopped, signal)).rejects.toThrow('stopped');
  // Whoever looks meanwhile sees the pages of before, and links that lead somewhere.
  expect(readFileSync(join(directory, 'index.html'), 'utf8')).toBe('1');
  expect(filesOf()).toEqual(['.cosa-site.json', 'builds/new.html', 'builds/old.html', 'index.html']);
  await writeSite(directory, documents({ 'index.html': '3' }), signal);
  expect(filesOf()).toEqual(['.cosa-site.json', 'index.html']);
});
