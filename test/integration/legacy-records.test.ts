import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';
import { copyContainers } from '../../src/flows/container/copy.ts';
import { fetchBuild } from '../../src/flows/publish/buildfetch.ts';
import { exportLegacy } from '../../src/flows/publish/export-legacy.ts';
import { workDirectoryAt } from '../../src/workspace/work-directory.ts';
import { storeSystem } from '../flows/publish/support.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { skopeo } from '../helpers/peers.ts';
import { silentSession } from '../helpers/session.ts';

// What release tooling does with builds/: jq finds things, sha256sum checks them, skopeo reads and copies the container.
const jq: Tool = { name: 'jq', packages: { deb: 'jq', rpm: 'jq' }, purpose: 'reads what we write' };
const sha256sum: Tool = {
  name: 'sha256sum',
  packages: { deb: 'coreutils', rpm: 'coreutils' },
  purpose: 'checks files',
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-legacy-'));
});
afterEach(() => rm(directory, { recursive: true }));

const ask = async (filter: string, file: string) => (await run(jq, ['--raw-output', filter, file])).stdout.trim();

test('release tooling reads what was exported, and it comes back the same', async () => {
  const session = silentSession();
  const at = (name: string) => join(directory, name);
  const settings = { config: { source: '/config' } };
  const root = at('work');
  const work = workDirectoryAt(root, settings);
  await using registry = await startDockerRegistry();
  const repository = `docker://${registry.host}/os/example`;
  for (const version of ['13.1', '13.2']) {
    await storeSystem(work.oci, version, { layers: ['shared', version] });
    const source = `oci:${work.oci}:${version}`;
    for (const tag of [version, 'stable']) {
      const copy = { source, destination: `${repository}:${tag}`, all: true, platform: undefined, dryRun: false };
      await copyContainers(session, root, copy);
    }
  }
  // Two at once: the list has both.
  await Promise.all(
    ['13.1', '13.2'].map((version) =>
      exportLegacy(session, {
        directory: root,
        destination: at('legacy'),
        store: {},
        from: `oci:${work.oci}:${version}`,
        repository,
        dryRun: false,
      }),
    ),
  );
  const builds = at('legacy/builds');
  expect(await ask('[.builds[].id] | join(" ")', join(builds, 'builds.json'))).toBe('13.2 13.1');
  const meta = join(builds, 'latest/x86_64/meta.json');
  const files = await ask('.images[] | "\\(.sha256)  \\(.path)"', meta);
  await writeFile(join(builds, '13.2/x86_64/sums'), `${files}\n`);
  await run(sha256sum, ['--check', '--strict', 'sums'], { cwd: join(builds, '13.2/x86_64') });

  const archive = `oci-archive:${join(builds, 'latest/x86_64', await ask('.images.ostree.path', meta))}`;
  const manifest = (await run(skopeo, ['inspect', '--raw', archive])).stdout;
  expect(manifest).toBe(
    await readFile(join(builds, '13.2/x86_64', await ask('.images["oci-manifest"].path', meta)), 'utf8'),
  );
  const pullspec = await ask('.["base-oscontainer"] | "\\(.image)@\\(.digest)"', meta);
  const inspected = JSON.parse((await run(skopeo, ['inspect', '--tls-verify=false', `docker://${pullspec}`])).stdout);
  expect(inspected.Digest).toBe(JSON.parse((await run(skopeo, ['inspect', archive])).stdout).Digest);
  // As upstream's push-container does it.
  await run(skopeo, ['copy', '--dest-tls-verify=false', archive, `docker://${registry.host}/os/again:13.2`]);

  const other = workDirectoryAt(at('other'), settings);
  const fetch = { directory, url: at('legacy'), store: {}, force: false } as const;
  expect(await fetchBuild(session, other, fetch)).toMatchObject({ version: '13.2', digest: inspected.Digest });
  expect(await fetchBuild(session, other, { ...fetch, build: '13.1' })).toMatchObject({ version: '13.1' });
});
