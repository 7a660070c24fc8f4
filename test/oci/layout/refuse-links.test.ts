import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryName } from '../../../src/lib/files.ts';
import { openArchiveForWriting } from '../../../src/oci/archive.ts';
import { pruneLayout } from '../../../src/oci/layout/prune.ts';
import { openLayout, openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { Descriptor } from '../../../src/oci/types.ts';
import { storeImage } from '../../helpers/image.ts';

let directory: string;
let layout: string;
let elsewhere: string;
let image: Descriptor;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-links-'));
  layout = join(directory, 'layout');
  elsewhere = join(directory, 'elsewhere');
  await mkdir(elsewhere);
  for (const name of ['id_rsa', '.id_rsa.1-0123abcd.tmp', 'f'.repeat(64)]) await writeFile(join(elsewhere, name), 'x');
  await using store = await openLayoutForWriting(layout);
  image = await storeImage(store, [Buffer.from('one')]);
  await store.setTags(['stable'], image);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Puts a link in the place of a part; what the part held is still found behind it where `keeping`. */
async function makeLink(part: string, keeping: boolean): Promise<void> {
  const path = join(layout, part);
  const target = keeping ? join(directory, 'moved') : elsewhere;
  if (keeping) await rename(path, target);
  else await rm(path, { recursive: true, force: true });
  await symlink(target, path);
}

const parts: readonly (readonly [part: string, keeping: boolean])[] = [
  ['.cosa', false],
  ['.cosa/tmp', false],
  ['blobs', true],
  ['blobs/sha256', true],
  ['index.json', true],
  ['oci-layout', true],
  ['.cosa/index.lock', false],
  ['.cosa/writers.lock', false],
];

describe('a layout with a link in it', () => {
  it.each(parts)('is written to by nobody: %s', async (part, keeping) => {
    await makeLink(part, keeping);
    const before = await readdir(elsewhere);
    const message = `${join(layout, part)} is a link: nothing is written to a layout with such parts`;
    const refusal = { code: 'LAYOUT_INVALID', exitStatus: 4, message };
    await expect(openLayoutForWriting(layout)).rejects.toMatchObject(refusal);
    await expect(pruneLayout(layout, async () => new Set(['stable']), false)).rejects.toMatchObject(refusal);
    expect(await readdir(elsewhere)).toEqual(before);
    expect((await (await openLayout(layout)).resolveTag('stable'))?.digest).toBe(image.digest);
  });

  it('is refused for a blob that is one, or a directory', async () => {
    const blob = `blobs/sha256/${image.digest.slice('sha256:'.length)}`;
    await makeLink(blob, true);
    await expect(openLayoutForWriting(layout)).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
    await rm(join(layout, blob));
    await mkdir(join(layout, blob));
    await expect(openLayoutForWriting(layout)).rejects.toMatchObject({
      message: `${join(layout, blob)} is no file: nothing is written to a layout with such parts`,
    });
  });

  it('may be reached through one', async () => {
    await symlink(layout, join(directory, 'link'));
    await using store = await openLayoutForWriting(join(directory, 'link'));
    await store.setTags(['other'], image);
    expect((await (await openLayout(layout)).resolveTag('other'))?.digest).toBe(image.digest);
  });
});

describe('what killed writers left', () => {
  it('is removed, and nothing that others put there', async () => {
    const temporary = join(layout, '.cosa/tmp');
    const left = temporaryName(join(temporary, 'blob'));
    await writeFile(left, 'half');
    await writeFile(temporaryName(join(layout, 'index.json')), 'half');
    await writeFile(join(temporary, 'notes'), 'mine');
    await symlink(join(elsewhere, 'id_rsa'), temporaryName(join(temporary, 'blob')));
    await mkdir(temporaryName(join(temporary, 'directory')));
    await (await openLayoutForWriting(layout))[Symbol.asyncDispose]();
    expect((await readdir(temporary)).filter((name) => !name.startsWith('.directory.'))).toEqual(['notes']);
    expect((await readdir(layout)).sort()).toEqual(['.cosa', 'blobs', 'index.json', 'oci-layout']);
    expect(await readdir(elsewhere)).toContain('id_rsa');
  });

  it('of an archive is not looked for behind links', async () => {
    const file = join(directory, 'archive.tar');
    await symlink(elsewhere, temporaryName(file));
    const staged = temporaryName(file);
    await mkdir(staged);
    await symlink(elsewhere, join(staged, '.cosa'));
    const before = await readdir(elsewhere);
    await (await openArchiveForWriting(file))[Symbol.asyncDispose]();
    expect(await readdir(elsewhere)).toEqual(before);
  });
});
