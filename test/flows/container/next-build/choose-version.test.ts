import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseVersion } from '../../../../src/flows/container/next-build/choose-version.ts';
import type { BuildInputs } from '../../../../src/flows/container/next-build/inputs.ts';
import { pushContainer } from '../../../../src/flows/container/push.ts';
import { readImage } from '../../../../src/oci/image.ts';
import { openLayoutForWriting } from '../../../../src/oci/layout.ts';
import { openReference } from '../../../../src/oci/open.ts';
import { admitImage } from '../../../../src/oci/policy.ts';
import { parseDestination } from '../../../../src/workspace/transfer/destination.ts';
import { placeOf } from '../../../helpers/place.ts';
import { silentSession } from '../../../helpers/session.ts';
import { build, openScene, type Scene } from '../transfer/support.ts';

const session = silentSession();

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

/** The inputs that count here. */
function inputs(prefix: string | undefined): BuildInputs {
  return {
    config: { name: 'os', basearch: 'x86_64', treefile: { 'automatic-version-prefix': prefix } },
    stream: 'testing',
    timestamp: 0,
  } as unknown as BuildInputs;
}

async function choose({ version, force = false, push }: { version?: string; force?: boolean; push?: string } = {}) {
  const { work } = scene;
  await using store = await openLayoutForWriting(work.oci);
  return await chooseVersion(session, {
    work,
    store,
    inputs: inputs('13<date:>'),
    previous: undefined,
    destination: push === undefined ? undefined : parseDestination(push, work.root),
    options: { version, force },
  });
}

describe('chooseVersion', () => {
  it('is that of another architecture, if it was built of the same config and lacks this one', async () => {
    const [arm, labels] = ['arm64', { 'com.coreos.osname': 'os' }];
    await build(scene.work, '13.4', ['a'], { architecture: arm, labels });
    expect(await choose()).toBe('13.4');
    expect(await choose({ version: '13.4' })).toBe('13.4');
    // Of another revision of the config, or another config.
    const revision = { 'org.opencontainers.image.revision': 'abc' };
    await build(scene.work, '13.5', ['a'], { architecture: arm, labels: { ...labels, ...revision } });
    expect(await choose()).toBe('13.6');
    await build(scene.work, '13.6', ['a'], { architecture: arm });
    expect(await choose()).toBe('13.7');
    // That version has one for this architecture.
    await build(scene.work, '13.7', ['b'], { labels });
    expect(await choose()).toBe('13.8');
  });

  it('is that of another architecture where the build will go', async () => {
    await build(scene.work, '13.7', ['a'], { architecture: 'arm64', labels: { 'com.coreos.osname': 'os' } });
    await pushContainer(session, scene.work.root, {
      destination: scene.repository,
      from: 'testing-candidate',
      referrers: false,
    });
    await using other = await openScene();
    scene.work = other.work;
    expect(await choose()).toBe('13.0');
    expect(await choose({ push: scene.repository })).toBe('13.7');
  });

  it('counts on from what is in oci/, though nothing is said to come before', async () => {
    expect(await choose()).toBe('13.0');
    await build(scene.work, '13.0', ['a']);
    await build(scene.work, '13.4-hotfix', ['b']);
    expect(await choose()).toBe('13.5');
  });

  it('counts on from what is where the build will go', async () => {
    await build(scene.work, '13.7', ['a']);
    await pushContainer(session, scene.work.root, { destination: scene.repository, from: '13.7', referrers: false });
    await using other = await openScene();
    scene.work = other.work;
    expect(await choose()).toBe('13.0');
    expect(await choose({ push: scene.repository })).toBe('13.8');
    expect(await choose({ push: `oci:${other.work.root}/none` })).toBe('13.0');
  });

  it('counts on from where the previous container lies', async () => {
    const descriptor = await build(scene.work, '13.3', ['a']);
    await build(scene.work, '13.6', ['b']);
    await using other = await openScene();
    await using reader = await openLayoutForWriting(scene.work.oci);
    await using store = await openLayoutForWriting(other.work.oci);
    const place = placeOf(`oci:${scene.work.oci}`);
    const opened = await openReference(place.format({ tag: '13.3' }), other.work.root, session.registries);
    const { reference: admitted } = await admitImage(session, other.work.root, opened, descriptor);
    const previous = { image: await readImage(reader, descriptor), reader, place, admitted };
    const options = { version: undefined, force: false };
    const request = { work: other.work, store, inputs: inputs('13<date:>'), previous, destination: undefined, options };
    expect(await chooseVersion(session, request)).toBe('13.7');
  });

  it('refuses a version that is taken, here or there', async () => {
    await build(scene.work, '13.7', ['a']);
    await pushContainer(session, scene.work.root, { destination: scene.repository, from: '13.7', referrers: false });
    await expect(choose({ version: '13.7' })).rejects.toMatchObject({ code: 'VERSION_TAKEN', exitStatus: 2 });
    expect(await choose({ version: '13.7', force: true })).toBe('13.7');
    await using other = await openScene();
    scene.work = other.work;
    expect(await choose({ version: '13.7' })).toBe('13.7');
    await expect(choose({ version: '13.7', push: scene.repository })).rejects.toMatchObject({
      code: 'VERSION_TAKEN',
      message: `there is a build ${scene.repository}:13.7 already, of other inputs`,
    });
  });
});
