import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pushContainer } from '../../../src/flows/container/push.ts';
import { pushImages } from '../../../src/flows/image/push.ts';
import { buildSite } from '../../../src/flows/site/build.ts';
import { diskImageRecord, writeDiskImage } from '../../helpers/disk-image.ts';
import { silentSession } from '../../helpers/session.ts';
import { build, openScene } from '../container/transfer/support.ts';

it('reads a repository, with the disk images beside its containers, and says how machines get them', async () => {
  const session = silentSession();
  await using scene = await openScene();
  const { work, repository } = scene;
  for (const version of ['13.0', '13.1']) {
    const { digest } = await build(work, version, ['same', version]);
    await pushContainer(session, work.root, { destination: repository, from: version, referrers: true });
    const record = diskImageRecord(digest, 'disk', { version });
    const path = await writeDiskImage(join(work.root, 'made'), record, 'disk');
    await pushImages(session, {
      directory: work.root,
      names: [path],
      destination: repository,
      force: true,
      architecture: 'x86_64',
    });
  }
  const output = join(work.root, 'public');
  const options = { directory: work.root, output, from: repository, store: undefined };
  expect(await buildSite(session, options)).toMatchObject({ builds: 2, streams: 1 });
  const page = await readFile(join(output, 'builds/13.1.amd64.html'), 'utf8');
  expect(page).toContain('example-13.1-qemu.x86_64.qcow2');
  expect(page).toContain('in the registry, beside the container');
  expect(page).toMatch(/sudo bootc switch 127\.0\.0\.1:\d+\/os\/example@sha256:[0-9a-f]{64}/);
  expect(page).toContain('candidate of testing');
  expect(page).toContain('1 layer of 2, with');
  expect(await buildSite(session, options)).toMatchObject({ written: 0, removed: 0 });
});
