// The example of rpms, as `cosa ostree build` makes it. Against dnf by hand, which makes a root of the same packages of the same
// repository, and against mkosi with dnf, which makes an OCI image of them with an initramfs; in turns, all with everything downloaded before.
// As root, with the program built.

import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexRpms, signRpm } from '../scripts/rpm-building.ts';
import { openSigningKey } from '../scripts/rpms-from-debs/signing-key.ts';
import { hostArchitecture } from '../src/lib/architecture.ts';
import { openConfig } from '../src/workspace/open-config.ts';
import { packageRequest } from '../src/workspace/package-lock.ts';
import { openWorkDirectory } from '../src/workspace/work-directory.ts';
import { buildRpm } from '../test/helpers/rpm-packages.ts';
import { serveDirectory } from '../test/helpers/serve-directory.ts';
import { silentSession } from '../test/helpers/session.ts';
import { checkout, cosaOk } from '../test/integration/fixture.ts';
import { rpmRepositories, rpmScene } from '../test/integration/rpm-fixture.ts';
import { sectionOf, timeDnf } from './dnf.ts';
import { least, type ProgramTime, reportBeside, timeProgramTree } from './measure.ts';
import { fetchMkosi, timeMkosi } from './mkosi.ts';

const rounds = 2;
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const repositories = await rpmRepositories();
await using scene = await rpmScene('rpm-bench', repositories);
const { directory: work } = scene;
await cosaOk(work, ['fetch', '--update-lockfile']);

const architecture = hostArchitecture().name;
const opened = await openConfig(silentSession(), await openWorkDirectory(work), { architecture });
const request = packageRequest(opened.config, []);
const lockFile = join(scene.config, `manifest-lock.${architecture}.json`);

// mkosi begins each system of Fedora's with a package of this name.
const repository = join(directory, 'repository');
cpSync(repositories.first, repository, { recursive: true });
await using key = await openSigningKey(join(repositories.first, '..'));
await signRpm(await buildRpm({ name: 'basesystem', requires: ['base-files'] }, repository), key);
await indexRpms(repository);
await using server = await serveDirectory(repository);
const source = { url: `http://${server.host}`, keyFile: repositories.keyFile };

/** Resolves, finds everything in the cache, and installs. */
async function installed(): Promise<ProgramTime> {
  const fetched = await timeProgramTree(join(checkout, 'bin/cosa'), ['fetch', '--update-lockfile'], { cwd: work });
  const root = mkdtempSync(join(directory, 'ours-'));
  const once = join(checkout, 'bench/install-rpms-once.ts');
  const placed = await timeProgramTree('npx', ['tsx', once, join(work, 'cache'), lockFile, join(root, 'root')]);
  rmSync(root, { recursive: true });
  return { wall: fetched.wall + placed.wall, processor: fetched.processor + placed.processor };
}

const byHand = join(directory, 'dnf');
await timeDnf(byHand, source, request.packages);
await installed();
const installs = { dnf: [] as ProgramTime[], cosa: [] as ProgramTime[] };
for (let round = 0; round < rounds; round++) {
  installs.dnf.push(await timeDnf(byHand, source, request.packages));
  installs.cosa.push(await installed());
}
reportBeside('resolve, find in the cache, install; beside dnf by hand', least(installs.cosa), least(installs.dnf), 1.1);

const sandboxTree = join(directory, 'sandbox');
mkdirSync(join(sandboxTree, 'etc/yum.repos.d'), { recursive: true });
mkdirSync(join(sandboxTree, 'etc/pki/rpm-gpg'), { recursive: true });
// mkosi's dnf sees nothing of the host but this tree.
const keyInside = '/etc/pki/rpm-gpg/bench.asc';
copyFileSync(source.keyFile, join(sandboxTree, keyInside));
writeFileSync(join(sandboxTree, 'etc/yum.repos.d/mkosi.repo'), sectionOf({ ...source, keyFile: keyInside }));
const debs = [{ name: 'debian', path: join(checkout, 'examples/debian-coreos/debian.sources') }];
const mkosi = await fetchMkosi(join(directory, 'mkosi'), { ...request, repositories: debs, pins: {} });
// Its packages' scripts make none, as those of a config of cosa's do: a system that boots has an initramfs.
const withInitramfs = join(directory, 'mkosi.postinst.chroot');
const dracut = 'dracut --no-hostonly --reproducible --force --add ostree --compress "zstd -7 -T2 -q"';
writeFileSync(
  withInitramfs,
  `#!/bin/sh\nset -e\nfor tree in /usr/lib/modules/*; do\n  ${dracut} --kver "\${tree##*/}" "$tree/initramfs.img"\ndone\n`,
  { mode: 0o755 },
);
const fedora = {
  'postinst-script': withInitramfs,
  distribution: 'fedora',
  release: '43',
  'local-mirror': source.url,
  'repository-key-fetch': 'yes',
  'sandbox-tree': sandboxTree,
};

/** Forgets all results and keeps what was downloaded. */
function forget(): void {
  const old = mkdtempSync(join(work, 'old-'));
  for (const name of ['oci', 'cache/roots', 'cache/initramfs', 'cache/layers']) {
    if (existsSync(join(work, name))) renameSync(join(work, name), join(old, name.replace('/', '-')));
  }
}

await timeMkosi(mkosi, request.packages, fedora);
const builds = { mkosi: [] as ProgramTime[], cosa: [] as ProgramTime[], unchanged: [] as ProgramTime[] };
const cosa = () => timeProgramTree(join(checkout, 'bin/cosa'), ['ostree', 'build'], { cwd: work });
for (let round = 0; round < rounds; round++) {
  builds.mkosi.push(await timeMkosi(mkosi, request.packages, fedora));
  forget();
  builds.cosa.push(await cosa());
  builds.unchanged.push(await cosa());
}
reportBeside('rpms -> container, beside mkosi with dnf', least(builds.cosa), least(builds.mkosi), 1);
const { wall } = least(builds.unchanged);
console.log(`${wall.toFixed(2).padStart(7)} s  nothing has changed (goal 0.8 s) ${wall <= 0.8 ? 'ok' : 'TOO SLOW'}`);
for (const path of [directory, work]) rmSync(path, { recursive: true, force: true });
