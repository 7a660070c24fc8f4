import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { copyContainers } from '../../src/flows/container/copy.ts';
import { collectGarbage } from '../../src/flows/publish/gc.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { attachTestResult } from '../../src/oci/test-result.ts';
import type { Descriptor } from '../../src/oci/types.ts';
import { storeSystem } from '../flows/publish/support.ts';
import { type DockerRegistry, startDockerRegistry } from '../helpers/docker-registry.ts';
import { skopeo } from '../helpers/peers.ts';
import { silentSession } from '../helpers/session.ts';
import { passedResult } from '../helpers/test-result.ts';

// Debian's registry deletes manifests if it is told to, has no referrers API, and never deletes tags alone.
const session = silentSession();
const now = Date.UTC(2026, 5, 1);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-retention-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Four builds of a month each; the second has a test result, the newest is the stream, the third is its base. */
async function fill({ host }: DockerRegistry): Promise<string> {
  const layout = join(directory, 'oci');
  const repository = `docker://${host}/os/example`;
  const builds: Descriptor[] = [];
  for (const month of [1, 2, 3, 4]) {
    const date = { 'org.opencontainers.image.created': `2026-0${month}-01T00:00:00Z` };
    const base = month === 4 ? { 'org.opencontainers.image.base.digest': builds[2]?.digest ?? '' } : {};
    const tags = [`13.${month}`, ...(month === 4 ? ['stable'] : [])];
    builds.push(await storeSystem(layout, `13.${month}`, { labels: { ...date, ...base }, tags }));
  }
  {
    await using store = await openLayoutForWriting(layout);
    for (const image of builds) await attachTestResult(store, image, passedResult(image));
  }
  const options = { all: true, platform: undefined, dryRun: false };
  for (const source of [`oci:${layout}:13.*`, `oci:${layout}:stable`]) {
    await copyContainers(session, directory, { source, destination: repository, ...options });
  }
  return repository;
}

async function gc(repository: string, apply: boolean) {
  const policy = join(directory, 'gc.yaml');
  await writeFile(policy, `places: ["${repository}"]\nkeep-last: 1\nkeep-days: 30\n`);
  const [place] = await collectGarbage(session, { directory, policy, store: {}, now, apply });
  return { removed: place?.removed.map(({ item }) => item.name), freed: place?.freed };
}

/** The tags of images, as skopeo lists them. */
async function tags(repository: string): Promise<string[]> {
  const { stdout } = await run(skopeo, ['list-tags', '--tls-verify=false', repository]);
  return (JSON.parse(stdout) as { Tags: string[] }).Tags.sort();
}

test('old builds leave a registry with their test results, and what others need stays', async () => {
  await using registry = await startDockerRegistry();
  const repository = await fill(registry);
  const before = await tags(repository);
  const attached = (names: readonly string[]) => names.filter((tag) => tag.startsWith('sha256-')).length;
  const planned = await gc(repository, false);
  expect(planned).toMatchObject({ removed: ['13.2', '13.1'] });
  expect(await tags(repository)).toEqual(before);
  expect(await gc(repository, true)).toEqual(planned);
  const after = await tags(repository);
  expect(after.filter((tag) => !tag.startsWith('sha256-'))).toEqual(['13.3', '13.4', 'stable']);
  // Those of test results: half of the builds are left.
  expect(attached(after)).toBe(attached(before) / 2);
  for (const tag of ['13.3', 'stable']) {
    await run(skopeo, [
      'copy',
      '--src-tls-verify=false',
      `${repository}:${tag}`,
      `oci:${join(directory, 'copy')}:${tag}`,
    ]);
  }
  expect(await gc(repository, true)).toEqual({ removed: [], freed: { manifests: 0 } });
});

test('a registry that deletes nothing keeps everything, and the error says what to do', async () => {
  await using registry = await startDockerRegistry({ deletion: false });
  const repository = await fill(registry);
  const before = await tags(repository);
  await expect(gc(repository, true)).rejects.toMatchObject({
    code: 'DELETE_UNSUPPORTED',
    exitStatus: 1,
    message: `${repository}: the registry removes neither manifests nor tags`,
    hint: expect.stringContaining('storage.delete.enabled') as string,
  });
  expect(await tags(repository)).toEqual(before);
});
