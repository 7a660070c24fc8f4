import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkContainers, repairContainers } from '../../../src/flows/container/fsck.ts';
import { digestHex, digestOf } from '../../../src/lib/digest.ts';
import { checkLayout } from '../../../src/oci/layout/check.ts';
import { setDamagedAside } from '../../../src/oci/layout/repair.ts';
import { openLayout, openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { Place } from '../../../src/oci/place.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { transfer } from '../../../src/workspace/transfer.ts';
import { storeImage } from '../../helpers/image.ts';
import { placeOf } from '../../helpers/place.ts';
import { silentSession } from '../../helpers/session.ts';

const session = silentSession();
const layers = ['one', 'two', 'three'].map((text) => Buffer.from(text));

let directory: string;
let here: Place;
let layout: string;
let image: Descriptor;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-repair-'));
  layout = join(directory, 'here');
  here = placeOf(`oci:${layout}`);
  for (const name of ['here', 'there']) {
    await using store = await openLayoutForWriting(join(directory, name));
    image = await storeImage(store, layers);
    await store.setTags(['stable'], image);
  }
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const pathOf = (digest: string) => join(layout, 'blobs/sha256', digest.slice('sha256:'.length));
const layer = (index: number) => digestOf(layers[index] ?? '');
const problems = async () => (await checkLayout(layout, silentReporter())).problems.map(({ code }) => code);

/** As pull and copy do it. */
async function copyAgain() {
  const reader = await openLayout(join(directory, 'there'));
  const from = { place: placeOf(`oci:${join(directory, 'there')}`), reader, descriptor: image };
  return transfer(session, { from, to: here, tags: ['stable'], extent: 'everything', dryRun: false });
}

describe('a damaged blob', () => {
  it('of another length is noticed and copied again, whatever it is', async () => {
    for (const digest of [layer(0), image.digest]) {
      await truncate(pathOf(digest), 2);
      await copyAgain();
      expect(await problems()).toEqual([]);
    }
  });

  it('of the same length is set aside, and then copied again', async () => {
    await writeFile(pathOf(layer(0)), 'onf');
    const { report, setAside, fetched } = await repairContainers(session, here, { directory, from: undefined });
    expect({ setAside, fetched }).toEqual({ setAside: [layer(0)], fetched: [] });
    expect(report.problems.map(({ code }) => code)).toEqual(['BLOB_MISSING']);
    expect(await readdir(join(layout, '.cosa/damaged'))).toEqual([digestHex(layer(0))]);
    expect((await copyAgain()).blobs.sent).toBe(1);
    expect(await problems()).toEqual([]);
  });

  it('is fetched from where a sound one is: manifests with what they need', async () => {
    await writeFile(pathOf(layer(0)), 'onf');
    await rm(pathOf(layer(1)));
    await writeFile(pathOf(image.digest), Buffer.alloc(image.size, ' '));
    const from = `oci:${join(directory, 'there')}`;
    const { report, setAside, fetched } = await repairContainers(session, here, { directory, from });
    expect([...setAside].sort()).toEqual([image.digest, layer(0)].sort());
    expect([...fetched].sort()).toEqual([image.digest, layer(0), layer(1)].sort());
    expect(report.problems).toEqual([]);
  });

  it('is none where only somebody else says so: a lie about its size moves nothing', async () => {
    await using store = await openLayoutForWriting(layout);
    const lie = { mediaType: mediaTypes.layer, digest: layer(0), size: 99 };
    const config = { mediaType: mediaTypes.empty, digest: layer(1), size: 3 };
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [lie] });
    await store.setTags(['lie'], await store.putManifest(manifest, mediaTypes.manifest));
    await store[Symbol.asyncDispose]();
    const { setAside } = await repairContainers(session, here, { directory, from: undefined });
    expect(setAside).toEqual([]);
    expect(await problems()).toEqual(['BLOB_SIZE_MISMATCH']);
  });

  it('that nothing refers to is set aside, too', async () => {
    const digest = digestOf('nobody');
    await writeFile(pathOf(digest), 'somebody');
    const { report } = await repairContainers(session, here, { directory, from: undefined });
    expect(report.problems).toEqual([]);
  });

  it('is left alone in what is no layout', async () => {
    const place = placeOf(`oci-archive:${join(directory, 'x.tar')}`);
    await expect(repairContainers(session, place, { directory, from: undefined })).rejects.toMatchObject({
      code: 'REPAIR_UNSUPPORTED',
      exitStatus: 2,
    });
  });

  it('is not looked for under names that are not there', async () => {
    expect(await setDamagedAside(layout, [digestOf('nowhere'), layer(0)])).toEqual([]);
    expect(await checkContainers(session, here)).toMatchObject({ problems: [] });
  });
});
