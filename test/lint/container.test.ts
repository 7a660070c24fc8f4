import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CosaError } from '../../src/lib/errors.ts';
import { readContainer } from '../../src/lint/container.ts';
import { entry } from '../helpers/ostree-layers.ts';
import { directory, file, layerOf, link } from './support.ts';

const paths = async (...layers: Parameters<typeof layerOf>[0][]) => {
  const container = await readContainer(layers.map(layerOf), {});
  return container.names('').flatMap((top) => [top, ...[...container.walk(top)].map(([path]) => path)]);
};

describe('layers are put together as a runtime does', () => {
  test('a later file wins, directories become one', async () => {
    const container = await readContainer(
      [layerOf([file('a/x', 'one'), file('a/y', 'one')]), layerOf([file('a/x', 'longer')])],
      {},
    );
    expect(container.names('a')).toEqual(['x', 'y']);
    expect(container.get('a/x')).toMatchObject({ type: 'file', size: 6 });
  });

  test('whiteouts hide what lower layers have, and nothing of their own layer', async () => {
    const lower = [file('a/x'), file('a/y'), file('b/z')];
    expect(await paths(lower, [file('a/.wh.x'), file('b/.wh..wh..opq'), file('b/new')])).toEqual([
      'a',
      'a/y',
      'b',
      'b/new',
    ]);
    expect(await paths(lower, [file('b/new'), file('b/.wh..wh..opq'), file('.wh.a')])).toEqual(['b', 'b/new']);
  });

  test('names may begin with ./ or a slash; hard links are the file', async () => {
    const container = await readContainer(
      [
        layerOf([
          file('./usr/lib/passwd', 'a:x:1\n'),
          entry('/etc/passwd', { type: 'hardlink', linkTarget: 'usr/lib/passwd' }),
        ]),
      ],
      {},
    );
    expect(container.text('etc/passwd')).toBe('a:x:1\n');
    expect(container.get('etc/passwd')).toEqual(container.get('usr/lib/passwd'));
  });

  test("an ostree container's objects are its files, and not files besides", async () => {
    const object = 'sysroot/ostree/repo/objects/aa/bb.file';
    expect(await paths([file(object, 'x'), entry('usr/lib/group', { type: 'hardlink', linkTarget: object })])).toEqual([
      'sysroot',
      'usr',
      'usr/lib',
      'usr/lib/group',
    ]);
  });

  test('a directory in the place of a link is one', async () => {
    expect(await paths([link('a', '/etc')], [file('a/passwd')])).toEqual(['a', 'a/passwd']);
  });
});

test.each([
  [[file('../etc/passwd')], 'LAYER_ENTRY'],
  [[file('a/../../b')], 'LAYER_ENTRY'],
  [[entry('a', { type: 'hardlink', linkTarget: 'nowhere' })], 'LAYER_ENTRY'],
  [[directory('d'), entry('a', { type: 'hardlink', linkTarget: 'd' })], 'LAYER_ENTRY'],
  [[file(`${'d/'.repeat(3000)}x`)], 'LAYER_ENTRY'],
  // Each entry stands for two thousand directories.
  [Array.from({ length: 600 }, (_, index) => file(`${index}/${'d/'.repeat(1900)}x`)), 'TREE_TOO_LARGE'],
])('a hostile layer is refused (%#)', async (entries, code) => {
  await expect(readContainer([layerOf(entries)], {})).rejects.toMatchObject({ code, exitStatus: 4 });
});

test('whatever the entries, there is a container or an error of ours', async () => {
  const path = fc.array(fc.constantFrom('a', 'b', '.wh.a', '.wh..wh..opq', '.', '__proto__', 'é'), {
    minLength: 1,
    maxLength: 4,
  });
  const one = fc.record({ path, type: fc.constantFrom('file', 'directory', 'symlink', 'hardlink' as const) });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(one, { maxLength: 6 }), { maxLength: 3 }), async (layers) => {
      const streams = layers.map((entries) =>
        layerOf(
          entries.map(({ path: parts, type }) =>
            entry(parts.join('/'), { type, linkTarget: type === 'file' || type === 'directory' ? '' : 'a' }),
          ),
        ),
      );
      try {
        const container = await readContainer(streams, {});
        for (const [found] of container.walk('a')) expect(container.get(found)).toBeDefined();
      } catch (error) {
        if (!(error instanceof CosaError)) throw error;
      }
    }),
  );
});
