import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLayoutForWriting } from '../../../../src/oci/layout.ts';
import type { Annotations, Descriptor } from '../../../../src/oci/types.ts';
import { type WorkDirectory, workDirectoryAt, writeSettings } from '../../../../src/workspace/work-directory.ts';
import { storeImage } from '../../../helpers/image.ts';
import { startTestingRegistry, type TestingRegistry } from '../../../helpers/testing-registry.ts';

/** An empty work directory and an empty registry. */
export interface Scene extends AsyncDisposable {
  work: WorkDirectory;
  registry: TestingRegistry;
  /** `docker://HOST/os/example`. */
  repository: string;
}

export const repositoryName = 'os/example';

export async function openScene(): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-transfer-'));
  const settings = { config: { source: '/config' } };
  await writeSettings(directory, settings);
  const registry = await startTestingRegistry();
  return {
    work: workDirectoryAt(directory, settings),
    registry,
    repository: `docker://${registry.host}/${repositoryName}`,
    [Symbol.asyncDispose]: async () => {
      await registry[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A container as `cosa ostree build` tags it, with these layers. */
export async function build(
  work: WorkDirectory,
  version: string,
  layers: readonly string[],
  { labels = {}, architecture = 'amd64' }: { labels?: Annotations; architecture?: string } = {},
): Promise<Descriptor> {
  await using store = await openLayoutForWriting(work.oci);
  const image = await storeImage(
    store,
    layers.map((layer) => Buffer.from(layer)),
    { 'org.opencontainers.image.version': version, 'com.coreos.stream': 'testing', ...labels },
    architecture,
  );
  await store.setTags([version, 'testing-candidate'], image);
  return image;
}
