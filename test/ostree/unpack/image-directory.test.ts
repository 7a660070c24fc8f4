import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readImage } from '../../../src/oci/image.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { readImageDirectory } from '../../../src/ostree/unpack/image-directory.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { temporaryDirectory } from '../../config/support.ts';
import { storeImage } from '../../helpers/image.ts';
import { type Entry, entry, tarOf } from '../../helpers/ostree-layers.ts';
import { recording } from '../../helpers/recording-store.ts';

const place = 'usr/share/x';
const directory = (path: string) => entry(path, { type: 'directory', mode: 0o755 });
const file = (name: string, content: string) => entry(`${place}/${name}`, {}, content);
const link = (path: string, type: 'symlink' | 'hardlink', linkTarget: string) => entry(path, { type, linkTarget });

/** @param layers the lowest first */
async function read(layers: readonly (readonly Entry[])[], isWhole: (names: string[]) => boolean = () => false) {
  const path = await temporaryDirectory();
  await rm(path, { recursive: true });
  await using layout = await openLayoutForWriting(join(path, 'oci'));
  const image = await readImage(layout, await storeImage(layout, layers.map(tarOf)));
  const { store, calls } = recording(layout);
  const files = await readImageDirectory(store, image, `/${place}`, {
    isWhole: (found) => isWhole([...found.keys()]),
    reporter: silentReporter(),
  });
  const texts = [...files].map(([name, found]) => [
    name,
    found.kind === 'file' ? found.content.toString() : `-> ${found.target}`,
  ]);
  const layersRead = calls.filter(({ name }) => name === 'readBlob').length;
  return { files: Object.fromEntries(texts) as Record<string, string>, layersRead };
}

const lower = [
  directory('usr/'),
  directory(`${place}/`),
  file('a', 'lower'),
  file('d/b', 'lower b'),
  file('d/c', 'lower c'),
];

test('layers are read from the top downwards, and no more of them than are needed', async () => {
  const layers = [[entry('etc/other', {}, 'x')], lower, [entry('etc/top', {}, 'x')]];
  expect(await read(layers, (names) => names.includes('a'))).toEqual({
    files: { a: 'lower', 'd/b': 'lower b', 'd/c': 'lower c' },
    layersRead: 2,
  });
  expect((await read(layers)).layersRead).toBe(3);
  expect(await read([[entry('etc/other', {}, 'x')]])).toEqual({ files: {}, layersRead: 1 });
});

describe('what an upper layer says of lower ones', () => {
  const whole = { a: 'lower', 'd/b': 'lower b', 'd/c': 'lower c' };
  test.each<[string, Entry[], Record<string, string>]>([
    ['a file replaces one', [file('a', 'upper')], { ...whole, a: 'upper' }],
    ['a file replaces a directory', [file('d', 'upper')], { a: 'lower', d: 'upper' }],
    [
      'a directory replaces a file',
      [directory(`${place}/a/`), file('a/x', 'x')],
      { 'a/x': 'x', 'd/b': 'lower b', 'd/c': 'lower c' },
    ],
    ['a directory goes on', [directory(`${place}/d/`), file('d/n', 'n')], { ...whole, 'd/n': 'n' }],
    ['a whiteout of a file', [file('.wh.a', '')], { 'd/b': 'lower b', 'd/c': 'lower c' }],
    ['a whiteout of a directory', [file('.wh.d', '')], { a: 'lower' }],
    ['a whiteout and a new directory', [file('.wh.d', ''), file('d/n', 'n')], { a: 'lower', 'd/n': 'n' }],
    [
      'a new directory and a whiteout',
      [directory(`${place}/d/`), file('.wh.d', ''), file('d/n', 'n')],
      { a: 'lower', 'd/n': 'n' },
    ],
    ['an opaque directory', [file('d/.wh..wh..opq', ''), file('d/n', 'n')], { a: 'lower', 'd/n': 'n' }],
    ['an opaque directory above', [entry('usr/.wh..wh..opq'), file('n', 'n')], { n: 'n' }],
    ['a whiteout of it', [entry('usr/share/.wh.x')], {}],
    ['a link in its place', [link('usr/share', 'symlink', 'elsewhere')], {}],
  ])('%s', async (_, upper, files) => {
    expect((await read([lower, upper])).files).toEqual(files);
  });
});

describe('links', () => {
  test('symbolic ones are told, hard ones followed, also to what lies elsewhere in the layer', async () => {
    const objects = [entry('sysroot/objects/1', {}, 'object'), link(`${place}/o`, 'hardlink', 'sysroot/objects/1')];
    const own = [file('a', 'a'), link(`${place}/h`, 'hardlink', `./${place}/a`), link(`${place}/s`, 'symlink', '../y')];
    expect(await read([[...objects, ...own]])).toEqual({
      files: { a: 'a', h: 'a', s: '-> ../y', o: 'object' },
      layersRead: 2,
    });
  });

  test('a hard link to nothing is an error', async () => {
    await expect(read([[link(`${place}/o`, 'hardlink', 'sysroot/objects/1')]])).rejects.toThrow(
      'entry "o" is a hard link to "sysroot/objects/1", which is no file of the layer',
    );
  });
});

describe('bounds', () => {
  test('of a file', async () => {
    await expect(read([[file('a', 'x'.repeat(1024 * 1024 + 1))]])).rejects.toMatchObject({
      code: 'CONTAINER_FILE_TOO_LARGE',
      message: 'usr/share/x/a in the image has 1048577 bytes; at most 1048576 are accepted',
    });
  });

  test('of all files', async () => {
    const many = Array.from({ length: 5001 }, (_, index) => file(`n${index}`, ''));
    await expect(read([many])).rejects.toMatchObject({ code: 'TREE_TOO_LARGE' });
    const large = Array.from({ length: 17 }, (_, index) => file(`n${index}`, 'x'.repeat(1024 * 1024)));
    await expect(read([large])).rejects.toMatchObject({ code: 'TREE_TOO_LARGE' });
  });

  test('no path leads out', async () => {
    await expect(read([[entry(`${place}/../../../etc/passwd`, {}, 'x')]])).rejects.toMatchObject({
      code: 'LAYER_PATH',
    });
  });
});
