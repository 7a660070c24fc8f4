import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run, tryRun } from '../../src/exec/run.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { type DockerRegistryOptions, startDockerRegistry } from '../helpers/docker-registry.ts';
import { storeImage } from '../helpers/image.ts';
import { entry, tarOf } from '../helpers/ostree-layers.ts';
import { skopeo } from '../helpers/peers.ts';

// What the other tests build on: a real registry that a real client finds in order, in every flavour.
const flavours: DockerRegistryOptions[] = [
  {},
  { authentication: 'basic', tls: 'valid' },
  { authentication: 'token' },
  { authentication: 'token', tls: 'valid' },
];

it.each(flavours)('serves skopeo: %o', async (flavour) => {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-skopeo-'));
  {
    await using store = await openLayoutForWriting(join(directory, 'oci'));
    await store.setTags(['1'], await storeImage(store, [tarOf([entry('file', {}, 'content')])]));
    await using registry = await startDockerRegistry(flavour);
    const trust = flavour.tls === undefined ? ['--dest-tls-verify=false'] : [];
    const authority = ['--dest-cert-dir', join(registry.certificateDirectory, registry.host)];
    const to = `docker://${registry.host}/os/example:1`;
    const copy = ['--insecure-policy', 'copy', ...trust, ...(flavour.tls === undefined ? [] : authority)];
    await run(skopeo, [...copy, '--dest-authfile', registry.authFile, `oci:${directory}/oci:1`, to]);
    expect(await readdir(join(registry.storageDirectory, 'docker/registry/v2/repositories/os'))).toEqual(['example']);
    const anonymous = tryRun(skopeo, [...copy, '--dest-no-creds', `oci:${directory}/oci:1`, to]);
    const stderr = flavour.authentication === undefined ? '' : expect.stringContaining('authentication required');
    expect(await anonymous).toMatchObject({ stderr });
  }
  await rm(directory, { recursive: true });
});
