import { readFile, stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { exists, ifExists, isMissing } from '../../src/lib/if-exists.ts';
import { writeTree } from '../rootfs/support.ts';

describe('ifExists', () => {
  it('gives what is there', async () => {
    const directory = await writeTree({ file: 'content' });
    expect(await ifExists(readFile(`${directory}/file`, 'utf8'))).toBe('content');
  });

  it('gives undefined for no such name, a dangling link, and what would lie below a file', async () => {
    const directory = await writeTree({ file: '', link: { link: 'nowhere' } });
    for (const name of ['nowhere', 'link', 'file/below']) {
      expect(await ifExists(readFile(`${directory}/${name}`))).toBeUndefined();
    }
  });

  it.each([
    ['of the system', (path: string) => readFile(path), 'EISDIR'],
    ['of a path with a loop of links', (path: string) => stat(`${path}/loop`), 'ELOOP'],
    [
      'of ours',
      () => Promise.reject(Object.assign(new Error('other'), { code: 'ROOT_FILE_MISSING' })),
      'ROOT_FILE_MISSING',
    ],
  ])('passes on another error %s', async (_, operation, code) => {
    const directory = await writeTree({ loop: { link: 'loop' } });
    await expect(ifExists<unknown>(operation(directory))).rejects.toMatchObject({ code });
  });
});

it('knows the errors of a path that nothing has', () => {
  expect(isMissing(Object.assign(new Error(), { code: 'ENOENT' }))).toBe(true);
  expect(isMissing(Object.assign(new Error(), { code: 'ENOTDIR' }))).toBe(true);
  expect(isMissing(Object.assign(new Error(), { code: 'EACCES' }))).toBe(false);
  expect(isMissing('ENOENT')).toBe(false);
});

it('sees a dangling link, and nothing below a file', async () => {
  const directory = await writeTree({ link: { link: 'nowhere' }, file: '' });
  expect(await exists(`${directory}/link`)).toBe(true);
  expect(await exists(`${directory}/nowhere`)).toBe(false);
  expect(await exists(`${directory}/file/below`)).toBe(false);
});
