// A container becomes a qcow2 disk: against the same by hand with tar, ostree, mke2fs and qemu-img.
// Usage: tsx bench/image.ts [REFERENCE]; without REFERENCE, of a synthetic operating system. As root, with the
// program built: the command itself is measured too.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildImages } from '../src/flows/image/build.ts';
import { digestHex } from '../src/lib/digest.ts';
import { type ResolvedImage, resolveImage } from '../src/workspace/resolve-image.ts';
import { silentSession } from '../test/helpers/session.ts';
import { fastest, report, reportPeakMemory } from './measure.ts';
import { makeSyntheticContainer } from './synthetic-container.ts';

const rounds = 3;
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const session = silentSession();

/** What somebody would type who has no cosa: no check of a digest, one filesystem, no boot loader. */
const byHand = `set -e
cd "$1"; layout=$2; commit=$3; shift 3
mkdir tree system
for layer; do zstd --quiet --decompress --stdout "$layout/blobs/sha256/$layer" | tar -x --xattrs --xattrs-include='*' -C tree; done
ostree admin init-fs --modern system
ostree admin os-init --sysroot=system os
ostree --repo=system/ostree/repo pull-local tree/sysroot/ostree/repo "$commit"
ostree admin deploy --sysroot=system --os=os "$commit"
truncate --size=10G disk.raw
mke2fs -q -F -t ext4 -d system disk.raw
qemu-img convert -O qcow2 disk.raw disk.qcow2
`;

function runByHand({ reference, image }: ResolvedImage): void {
  const { layout } = reference.place;
  if (layout === undefined) throw new Error('the bench reads an OCI layout');
  const scratch = join(directory, 'by-hand');
  const commit = image.config.config?.Labels?.['ostree.commit'] ?? '';
  const layers = image.manifest.layers.map(({ digest }) => digestHex(digest));
  removeDeployment(scratch);
  mkdirSync(scratch);
  execFileSync('bash', ['-c', byHand, 'bash', scratch, layout, commit, ...layers], {
    stdio: 'pipe',
  });
}

/** ostree makes deployments immutable where it is real root. */
function removeDeployment(scratch: string): void {
  execFileSync('bash', ['-c', 'chattr -f -i "$1"/system/ostree/deploy/*/deploy/*.0 || true', 'bash', scratch]);
  rmSync(scratch, { recursive: true, force: true });
}

try {
  const from = process.argv[2] ?? (await makeSyntheticContainer(directory));
  const resolved = await resolveImage(session, directory, from);
  const handSeconds = await fastest(rounds, () => runByHand(resolved));
  report('by hand: tar x, pull-local, deploy, mke2fs -d, qemu-img convert', handSeconds);
  removeDeployment(join(directory, 'by-hand'));

  const options = { directory, platforms: ['qemu'], from };
  const seconds = await fastest(rounds, async () => {
    for (const name of ['cache', 'images']) rmSync(join(directory, name), { recursive: true, force: true });
    await buildImages(session, options);
  });
  report('container -> qcow2', seconds, { seconds: handSeconds, goal: 1.5 });
  const program = fileURLToPath(new URL('../bin/cosa', import.meta.url));
  const again = await fastest(rounds, () =>
    execFileSync(program, ['image', 'build', 'qemu', '--from', from], { cwd: directory, stdio: 'pipe' }),
  );
  report('cosa image build, from the cache, against half a second', again, { seconds: 0.5, goal: 1 });
  reportPeakMemory(300);
} finally {
  removeDeployment(join(directory, 'by-hand'));
  rmSync(directory, { recursive: true, force: true });
}
