import { chmod, copyFile, mkdir, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openScratch } from '../../exec/scratch.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { sha256Hex } from '../../lib/digest.ts';
import { CosaError } from '../../lib/errors.ts';
import { exists } from '../../lib/if-exists.ts';
import { removeInRoot, statInRoot } from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import { lastLines, type RootContext, type RootStep, runInRoot } from '../context.ts';
import { initramfsDependencies } from '../initramfs/dependencies.ts';
import { walkTree } from '../walk.ts';
import { withoutVersion } from './os-release.ts';

/** Raised when an image of an older version of this step must not be used again. */
const formatVersion = 2;

/**
 * The initramfs is the largest file of most systems, and many updates change nothing in it: it must not depend on the
 * day either, which systemd-sysusers would write to its /etc/shadow. The second day of the epoch, because there the
 * first means that a password has to be changed.
 */
const timestamp = 86_400;

/** The whole image is made anew once: what packages' scripts would make is for the machine that they run on. */
export const initramfs: RootStep = {
  title: 'make the initramfs',
  async run(context) {
    const { root, kernelRelease } = context;
    const path = `/usr/lib/modules/${kernelRelease}/initramfs.img`;
    await removeInRoot(root, path);
    const image = await hostPath(root, path);
    context.generated.set(path, 'initramfs');
    // A new version alone does not make a new initramfs.
    await withoutVersion(context, () => placeInitramfs(context, image));
    await chmod(image, imageMode);
  },
};

/** @param image where it goes, on the host */
async function placeInitramfs(context: RootContext, image: string): Promise<void> {
  const { root, request, kernelRelease } = context;
  const { packagesKey, initramfsArguments, initramfsCache: cache } = request;
  const base = sha256Hex(canonicalJson([formatVersion, packagesKey, kernelRelease, initramfsArguments]));
  if (await cache?.find(base, root, image)) {
    context.reporter.log('the initramfs of an earlier build is still valid');
  } else {
    await using scratch = await openScratch(tmpdir());
    const work = join(scratch.path, 'dracut');
    await mkdir(work);
    const made = await makeInitramfs(context, work);
    // Before the image is in the root: it does not depend on itself.
    const tracked = await initramfsDependencies(root, kernelRelease, await collectedPaths(work));
    await cache?.keep(base, root, tracked, made);
    await copyFile(made, image);
  }
}

/** Readable for root alone, as dracut makes it: an initramfs may hold keys. */
const imageMode = 0o600;

/** Where dracut collects the files, as it sees it. */
const workDirectory = '/run/cosa-dracut';
const imageName = 'initramfs.img';

/**
 * @param work an empty directory, which holds the files collected for the image afterwards
 * @returns the image's path on the host
 */
async function makeInitramfs(context: RootContext, work: string): Promise<string> {
  const { root, request, kernelRelease } = context;
  const program = '/usr/bin/dracut';
  if ((await statInRoot(root, program)) === undefined) {
    throw new CosaError('DRACUT_MISSING', 'the packages do not have dracut, which makes the initramfs', {
      hint: 'add the packages dracut and, for Ignition, dracut-network',
    });
  }
  const options = ['--no-hostonly', '--reproducible', '--force', '--kver', kernelRelease];
  // --keep leaves the collected files there, to be listed.
  const collected = ['--keep', '--tmpdir', workDirectory];
  const compress = ['--compress', await compressor(root)];
  const output = join(workDirectory, imageName);
  const command = [program, ...options, ...collected, ...compress, ...request.initramfsArguments, output];
  const binds = [{ from: work, to: workDirectory, writable: true }];
  const result = await runInRoot(context, command, { binds, timestamp });
  const made = join(work, imageName);
  // dracut also says 0 when it could not write the image.
  if (result.exitCode !== 0 || !(await exists(made))) {
    throw new CosaError('DRACUT_FAILED', `dracut ended with exit status ${result.exitCode}\n${lastLines(result)}`);
  }
  return made;
}

/**
 * zstd where the root has it: four times as fast as gzip. The number of threads is fixed, though it should not
 * change the result.
 */
async function compressor(root: string): Promise<string> {
  const hasZstd = (await statInRoot(root, '/usr/bin/zstd')) !== undefined;
  return hasZstd ? 'zstd -7 -T2 -q' : 'gzip -6 -n';
}

async function collectedPaths(work: string): Promise<string[]> {
  const [directory] = (await readdir(work)).filter((name) => name.startsWith('dracut.'));
  if (directory === undefined) return [];
  const paths: string[] = [];
  for await (const { path, entry } of walkTree(join(work, directory, 'initramfs'))) {
    if (!entry.isDirectory()) paths.push(path);
  }
  return paths;
}
