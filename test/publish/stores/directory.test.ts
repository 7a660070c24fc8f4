import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoreOptions } from '../../../src/publish/store-environment.ts';
import { openObjectStore } from '../../../src/publish/stores.ts';
import { contentOf, sourceOf } from '../../contract/object-store.ts';
import { silentSession } from '../../helpers/session.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-directory-'));
});
afterAll(() => rm(base, { recursive: true }));

const headers = { contentType: 'text/plain', cacheControl: 'no-cache' };
let roots = 0;

function openAt(root: string, options: StoreOptions = {}) {
  return openObjectStore(pathToFileURL(root).href, options, silentSession());
}

async function freshRoot(): Promise<string> {
  const root = join(base, `root-${roots++}`);
  await mkdir(root);
  return root;
}

describe('the URL of a directory', () => {
  it.each([
    ['file://dir/sub', 'file://dir/sub names no directory: three slashes stand before a directory'],
    ['file://', 'file:// names no directory: three slashes stand before a directory'],
    ['file:///a?b', 'file:///a?b names no directory: "?" and "#" are written as %3F and %23'],
    [
      'file:///a%zz',
      'file:///a%zz names no directory: "%" stands before two hexadecimal digits, and is itself written as %25',
    ],
    ['ftp://user:secret@host/', '"ftp:" is no kind of object store'],
    ['/srv/www', 'that is no URL of an object store'],
    ['', 'that is no URL of an object store'],
  ])('%s is refused', async (url, message) => {
    const opened = openObjectStore(url, {}, silentSession());
    await expect(opened).rejects.toMatchObject({ code: 'STORE_URL', message, exitStatus: 2 });
  });

  it('may hold escaped characters, and is told as it is', async () => {
    await using store = await openObjectStore('file:///srv/a%20b/', {}, silentSession());
    expect(store.url).toBe('file:///srv/a%20b');
    expect(store.baseUrl).toBe('file:///srv/a%20b');
  });

  it.each(['https://me:secret@example.com/', 'https://example.com/?token=x', 'example.com', 'javascript:alert(1)'])(
    'takes no base URL such as %s',
    async (baseUrl) => {
      await expect(openAt('/srv', { baseUrl })).rejects.toMatchObject({
        code: 'BASE_URL',
        message: '--base-url is no address of files',
      });
    },
  );
});

it('lets nothing be read or written through a link that leads out', async () => {
  const root = await freshRoot();
  const outside = await freshRoot();
  await writeFile(join(outside, 'secret'), 'secret');
  await symlink(outside, join(root, 'out'));
  await symlink(join(outside, 'secret'), join(root, 'file'));
  await using store = await openAt(root);
  const refused = { code: 'STORE_PATH', exitStatus: 4 };
  for (const key of ['out/secret', 'file']) {
    await expect(contentOf(store.read(key))).rejects.toMatchObject(refused);
    await expect(store.stat(key)).rejects.toMatchObject(refused);
    await expect(store.remove(key)).rejects.toMatchObject(refused);
  }
  await expect(store.put('out/secret', Buffer.from('x'), headers)).rejects.toMatchObject(refused);
  await expect(store.put('out/new/file', Buffer.from('x'), headers)).rejects.toMatchObject(refused);
  expect(await readdir(outside)).toEqual(['secret']);
  // A file takes the place of a link, and not of what that leads to.
  await store.put('file', Buffer.from('x'), headers);
  expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
});

it('follows a link that stays inside', async () => {
  const root = await freshRoot();
  await mkdir(join(root, 'real'));
  await symlink('real', join(root, 'alias'));
  await using store = await openAt(root);
  await store.put('alias/a', Buffer.from('x'), headers);
  expect(await readFile(join(root, 'real', 'a'), 'utf8')).toBe('x');
});

it('removes what a dead process has left, and leaves nothing itself', async () => {
  const root = await freshRoot();
  await mkdir(join(root, '.cosa-Ab12Cd'));
  await writeFile(join(root, '.cosa-Ab12Cd', '.image.1-00000000.tmp'), 'part of an upload');
  await using store = await openAt(root);
  await store.upload('image', sourceOf(Buffer.from('x')), headers);
  await store[Symbol.asyncDispose]();
  expect((await readdir(root)).sort()).toEqual(['.cosa.lock', 'image']);
});

it('writes for everybody, or for its owner alone', async () => {
  const root = await freshRoot();
  await using open = await openAt(root, { access: 'public' });
  await using closed = await openAt(root, { access: 'private' });
  await open.put('open', Buffer.from('x'), headers);
  await closed.put('closed', Buffer.from('x'), headers);
  expect((await stat(join(root, 'open'))).mode & 0o777).toBe(0o644);
  expect((await stat(join(root, 'closed'))).mode & 0o777).toBe(0o600);
});

it('says where a file is in the way', async () => {
  const root = await freshRoot();
  await writeFile(join(root, 'streams'), '');
  await using store = await openAt(root);
  await expect(store.put('streams/a.json', Buffer.from('x'), headers)).rejects.toMatchObject({
    code: 'DIRECTORY_UNUSABLE',
  });
});
