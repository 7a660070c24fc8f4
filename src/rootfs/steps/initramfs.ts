import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { sha256Hex } from '../../lib/digest.ts';
import { CosaError } from '../../lib/errors.ts';
import { lastLines, type RootContext, type RootStep, runInRoot } from '../context.ts';
import { initramfsDependencies } from '../initramfs/dependencies.ts';
import { existsOnHost, hostPath } from '../root-path.ts';
import { walkTree } from '../walk.ts';

/** Raised when an image of an older version of this step must not be used again. */
const formatVersion = 1;

/** The whole image is made anew once: what packages' scripts would make is for the machine that they run on. */
export const initramfs: RootStep = {
  title: 'make the initramfs',
  async run(context) {
    const { root, request, kernelRelease } = context;
    const path = `/usr/lib/modules/${kernelRelease}/initramfs.img`;
    const image = join(root, path);
    context.generated.set(path, 'initramfs');
    const cache = request.initramfsCache;
    if (cache === undefined) {
      await makeInitramfs(context, path);
      return;
    }
    const { packagesKey, initramfsArguments } = request;
    const base = sha256Hex(canonicalJson([formatVersion, packagesKey, kernelRelease, initramfsArguments]));
    if (await cache.find(base, root, image)) {
      await chmod(image, imageMode);
      context.reporter.log('the initramfs of an earlier build is still valid');
      return;
    }
    const contents = await makeInitramfs(context, path);
    await cache.keep(base, root, await initramfsDependencies(root, kernelRelease, contents), image);
  },
};

/** Readable for root alone, as dracut makes it: an initramfs may hold keys. */
const imageMode = 0o600;

/** Where dracut collects the files, as it sees it. */
const workDirectory = '/run/cosa-dracut';

/** @returns paths of the files in the image */
async function makeInitramfs(context: RootContext, path: string): Promise<string[]> {
  const { root, request, kernelRelease } = context;
  await rm(join(root, path), { force: true });
  const program = '/usr/bin/dracut';
  if (!(await existsOnHost(await hostPath(root, program)))) {
    throw new CosaError('DRACUT_MISSING', 'the packages do not have dracut, which makes the initramfs', {
      hint: 'add the packages dracut and, for Ignition, dracut-network',
    });
  }
  const work = await mkdtemp(join(tmpdir(), 'cosa-dracut-'));
  try {
    const options = ['--no-hostonly', '--reproducible', '--force', '--kver', kernelRelease];
    // --keep leaves the collected files there, to be listed.
    const collected = ['--keep', '--tmpdir', workDirectory];
    const compress = ['--compress', await compressor(root)];
    const command = [program, ...options, ...collected, ...compress, ...request.initramfsArguments, path];
    const binds = [{ from: work, to: workDirectory, writable: true }];
    const result = await runInRoot(context, command, { binds });
    // dracut also says 0 when it could not write the image.
    if (result.exitCode !== 0 || !(await existsOnHost(join(root, path)))) {
      throw new CosaError('DRACUT_FAILED', `dracut ended with exit status ${result.exitCode}\n${lastLines(result)}`);
    }
    return await collectedPaths(work);
  } finally {
    await rm(work, { recursive: true });
  }
}

/**
 * zstd where the root has it: four times as fast as gzip. The number of threads is fixed, though it should not
 * change the result.
 */
async function compressor(root: string): Promise<string> {
  const hasZstd = await existsOnHost(await hostPath(root, '/usr/bin/zstd'));
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
