import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { sha256Hex } from '../../../src/lib/digest.ts';
import { CosaError } from '../../../src/lib/errors.ts';
import { readImage } from '../../../src/oci/image.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { CommitDirectory } from '../../../src/ostree/unpack/directories.ts';
import { storeImage } from '../../helpers/image.ts';
import { listDirectory } from '../../helpers/ostree-deployment.ts';
import { type Entry, entry, tarOf } from '../../helpers/ostree-layers.ts';
import { umoci } from '../../helpers/peers.ts';
import { type UnpackedImage, unpackInMemory } from '../../helpers/unpack-in-memory.ts';

const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;

const names = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 });
const modes = fc.constantFrom(0o700, 0o755, 0o644, 0o1777, 0o750);

/** Entries of a layer, all below `usr`: what stands elsewhere may be the running system's. */
const layerEntry = fc
  .record({
    kind: fc.constantFrom('file', 'file', 'directory', 'directory', 'symlink', 'hardlink', 'whiteout', 'opaque'),
    names,
    target: names,
    mode: modes,
    content: fc.constantFrom('', 'x', 'y'),
  })
  .map(({ kind, names: path, target, mode, content }): Entry => {
    const all = ['usr', ...path];
    const parent = all.slice(0, -1).join('/');
    switch (kind) {
      case 'directory':
        return entry(`${all.join('/')}/`, { type: 'directory', mode, uid, gid });
      case 'symlink':
        return entry(all.join('/'), { type: 'symlink', linkTarget: `/usr/${target.join('/')}`, uid, gid });
      case 'hardlink':
        return entry(all.join('/'), { type: 'hardlink', linkTarget: `usr/${target.join('/')}`, uid, gid, mode });
      case 'whiteout':
        return entry(`${parent}/.wh.${all.at(-1)}`);
      case 'opaque':
        return entry(`${all.join('/')}/.wh..wh..opq`);
      default:
        return entry(all.join('/'), { mode, uid, gid }, content);
    }
  });
const usr = entry('usr/', { type: 'directory', mode: 0o755, uid, gid });
const stacks = fc.array(fc.array(layerEntry, { maxLength: 8 }), { minLength: 1, maxLength: 3 });

/** One line for each path below `/usr`, in the words of `listDirectory`. */
function listUsr({ commit, contents }: UnpackedImage): Map<string, string> {
  const byChecksum = new Map(contents.map((content) => [content.checksum, content]));
  const lines = new Map<string, string>();
  function visit(directory: CommitDirectory, path: string): void {
    lines.set(path, `directory ${directory.mode.toString(8)} ${uid}:${gid}`);
    for (const [name, below] of directory.directories) visit(below, `${path}/${name}`);
    for (const [name, checksum] of directory.files) {
      const { kind, mode, symlinkTarget, bytes } = byChecksum.get(checksum) ?? expect.fail();
      lines.set(
        `${path}/${name}`,
        `${kind} ${mode.toString(8)} ${uid}:${gid} ${kind === 'symlink' ? symlinkTarget : sha256Hex(bytes)}`,
      );
    }
  }
  visit(commit.root.directories.get('usr') ?? expect.fail(), '/usr');
  return lines;
}

/** Unpacks a stack without the entries that are refused, such as files below files. */
async function unpackable(layout: string, stack: readonly (readonly Entry[])[]): Promise<Map<string, string>> {
  await using store = await openLayoutForWriting(layout);
  for (let layers = stack; ; ) {
    const descriptor = await storeImage(store, layers.map(tarOf));
    await store.setTags(['test'], descriptor);
    try {
      return listUsr(await unpackInMemory(store, await readImage(store, descriptor)));
    } catch (error) {
      const [, refused] = /^layer \S+: entry "([^"]+)"/.exec(error instanceof CosaError ? error.message : '') ?? [];
      if (refused === undefined) throw error;
      layers = layers.map((entries) => entries.filter(({ header }) => header.path !== refused));
    }
  }
}

it('puts layers together as umoci does', async () => {
  await fc.assert(
    fc.asyncProperty(stacks, async (stack) => {
      const directory = await mkdtemp(join(tmpdir(), 'cosa-peers-'));
      try {
        const layout = join(directory, 'oci');
        const ours = await unpackable(
          layout,
          stack.map((entries) => [usr, ...entries]),
        );
        const bundle = join(directory, 'bundle');
        await run(umoci, ['unpack', ...(uid === 0 ? [] : ['--rootless']), '--image', `${layout}:test`, bundle]);
        const all = await listDirectory(join(bundle, 'rootfs'));
        const theirs = [...all].filter(([path]) => path === '/usr' || path.startsWith('/usr/'));
        const withoutNames = theirs.map(([path, line]) => [path, line.replace(/ = \S+$/, '')] as const);
        expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(withoutNames));
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    }),
    { numRuns: 15, seed: 10, endOnFailure: true },
  );
});
