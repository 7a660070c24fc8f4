import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openArchiveForWriting } from '../../../src/oci/archive.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { openReference } from '../../../src/oci/open.ts';
import type { Descriptor } from '../../../src/oci/types.ts';
import { storeImage } from '../../helpers/image.ts';
import { silentSession } from '../../helpers/session.ts';

const { registries } = silentSession();
const names = ['registry.example.com/foo/bar:1.2', 'foo/bar', 'localhost:5000/os', 'os:1'];

let directory: string;
let image: Descriptor;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-names-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** As other tools write it: a name where we would write a tag. */
async function layoutWith(path: string, name: string): Promise<void> {
  await using store = await openLayoutForWriting(join(directory, path));
  image = await storeImage(store, [Buffer.from('one')]);
  await store.setTags(['placeholder', 'other'], image);
  const file = join(directory, path, 'index.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace('placeholder', name));
}

describe('a name that is no tag', () => {
  it.each(names)('chooses an image of a layout: %s', async (name) => {
    await layoutWith('os', name);
    const opened = await openReference(`oci:os:${name}`, directory, registries);
    expect(opened.descriptor.digest).toBe(image.digest);
    expect(await opened.reader.tagNames()).toContain(name);
  });

  it('chooses where the path has colons, too', async () => {
    await layoutWith('a:b', 'foo/bar:1');
    expect((await openReference('oci:a:b:foo/bar:1', directory, registries)).descriptor.digest).toBe(image.digest);
    expect((await openReference('oci:a:b:other', directory, registries)).descriptor.digest).toBe(image.digest);
  });

  it('is told when there is none', async () => {
    await layoutWith('os', 'foo/bar:1');
    await expect(openReference('oci:os:foo/bar:2', directory, registries)).rejects.toMatchObject({
      code: 'TAG_UNKNOWN',
      exitStatus: 2,
    });
  });

  it('chooses an image of an archive', async () => {
    const file = join(directory, 'os.tar');
    await using store = await openArchiveForWriting(file);
    image = await storeImage(store, [Buffer.from('one')]);
    await store.setTags(['x'.repeat(13), 'other'], image);
    await store[Symbol.asyncDispose]();
    // The same length, so that the tar stays one.
    const bytes = await readFile(file);
    bytes.write('foo/bar/baz:1', bytes.indexOf('x'.repeat(13)));
    await writeFile(file, bytes);
    expect((await openReference('oci-archive:os.tar:foo/bar/baz:1', directory, registries)).descriptor.digest).toBe(
      image.digest,
    );
  });
});
