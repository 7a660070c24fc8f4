import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportArchive } from '../../../src/flows/publish/export-archive.ts';
import { digestHex } from '../../../src/lib/digest.ts';
import { openArchive } from '../../../src/oci/archive.ts';
import { readImage } from '../../../src/oci/image.ts';
import { blobPath, layoutPaths } from '../../../src/oci/layout/paths.ts';
import { collect } from '../../helpers/image.ts';
import { silentSession } from '../../helpers/session.ts';
import { openWorkScene, storeSystem, type WorkScene } from './support.ts';

const session = silentSession();
let scene: WorkScene;
beforeEach(async () => {
  scene = await openWorkScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const write = (file: string, options: { from?: string; force?: boolean } = {}) =>
  exportArchive(session, { directory: scene.work.root, file, force: false, ...options });

describe('exportArchive', () => {
  it('holds the newest build and nothing else, the same bytes wherever it is written', async () => {
    await storeSystem(scene.work.oci, '13.0', { layers: ['older'] });
    const image = await storeSystem(scene.work.oci, '13.1', { layers: ['one', 'two', 'one'] });
    const written = await write('os.ociarchive');
    const file = join(scene.work.root, 'os.ociarchive');
    expect(written).toEqual({ file, digest: image.digest, tag: '13.1', written: true });
    const reader = await openArchive(file);
    expect(await reader.tagNames()).toEqual(['13.1']);
    const { manifest } = await readImage(reader, image);
    expect((await Promise.all(manifest.layers.map((layer) => collect(reader.readBlob(layer))))).join(' ')).toBe(
      'one two one',
    );
    await write('other.ociarchive', { from: image.digest });
    expect(await readFile(join(scene.work.root, 'other.ociarchive'))).toEqual(await readFile(file));
  });

  it('leaves a file alone that holds it, and replaces another only when told', async () => {
    const { digest } = await storeSystem(scene.work.oci, '13.0');
    await write('os.tar');
    expect(await write('os.tar')).toMatchObject({ written: false });
    await storeSystem(scene.work.oci, '13.1');
    const file = join(scene.work.root, 'os.tar');
    await expect(write('os.tar')).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
      exitStatus: 2,
      message: `${file} is there already, and holds something else`,
      hint: 'name another file, or replace it with --force',
    });
    expect(await (await openArchive(file)).resolveTag('13.0')).toMatchObject({ digest });
    expect(await write('os.tar', { force: true })).toMatchObject({ written: true, tag: '13.1' });
    await writeFile(join(scene.work.root, 'text'), 'no archive');
    await expect(write('text')).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
  });

  it('leaves no archive of a container that is damaged', async () => {
    const image = await storeSystem(scene.work.oci, '13.0', { layers: ['sound', 'damaged'] });
    const { manifest } = await readImage(
      await (await import('../../../src/oci/layout.ts')).openLayout(scene.work.oci),
      image,
    );
    const [, damaged] = manifest.layers;
    await writeFile(blobPath(layoutPaths(scene.work.oci), damaged?.digest ?? image.digest), 'DAMAGED');
    await expect(write('os.tar')).rejects.toMatchObject({ code: 'BLOB_DIGEST_MISMATCH', exitStatus: 4 });
    expect((await readdir(scene.work.root)).filter((name) => name.includes('os.tar'))).toEqual([]);
  });

  it('calls a container whose version is none by what begins its digest', async () => {
    const { digest } = await storeSystem(scene.work.oci, '13 1', { tags: ['odd'] });
    expect(await write('os.tar', { from: 'odd' })).toMatchObject({ tag: digestHex(digest).slice(0, 12) });
  });
});
