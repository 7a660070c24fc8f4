import { appendFile, chmod, copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openScratch } from '../../exec/scratch.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { encodeCpioDevice, encodeCpioMember, endOfCpio } from '../../lib/cpio/writer.ts';
import { sha256Hex } from '../../lib/digest.ts';
import { CosaError } from '../../lib/errors.ts';
import { exists } from '../../lib/if-exists.ts';
import { namesInRoot, readTextInRootIfExists, removeInRoot, statInRoot } from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import { lastLines, type RootContext, type RootStep, runInRoot } from '../context.ts';
import { initramfsDependencies } from '../initramfs/dependencies.ts';
import { walkTree } from '../walk.ts';
import { withoutVersion } from './os-release.ts';

/** Raised when an image of an older version of this step must not be used again. */
const formatVersion = 3;

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
  const { packagesKey, readonlyExecutables, initramfsArguments, initramfsCache: cache } = request;
  const inputs = [formatVersion, packagesKey, readonlyExecutables, kernelRelease, initramfsArguments];
  const base = sha256Hex(canonicalJson(inputs));
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
  const chosen = [...(await ostreeModule(root)), ...(await compression(root))];
  const output = join(workDirectory, imageName);
  const command = [program, ...options, ...collected, ...chosen, ...request.initramfsArguments, output];
  const binds = [{ from: work, to: workDirectory, writable: true }];
  const result = await runInRoot(context, command, { binds, timestamp });
  const made = join(work, imageName);
  // dracut also says 0 when it could not write the image.
  if (result.exitCode !== 0 || !(await exists(made))) {
    throw new CosaError('DRACUT_FAILED', `dracut ended with exit status ${result.exitCode}\n${lastLines(result)}`);
  }
  if (await hasFips(work)) await appendRandomDevices(made);
  return made;
}

/** What deploys the system in the initramfs: dracut has it only on demand, and rpm-ostree, too, asks for it in every system. */
async function ostreeModule(root: string): Promise<string[]> {
  const modules = await namesInRoot(root, '/usr/lib/dracut/modules.d');
  return modules.some((name) => /^\d+ostree$/.test(name)) ? ['--add', 'ostree'] : [];
}

const configDirectories = ['/usr/lib/dracut/dracut.conf.d', '/etc/dracut.conf.d'];

/** How the image is compressed, unless the system's own configuration says it. */
async function compression(root: string): Promise<string[]> {
  const below = configDirectories.map(async (directory) =>
    (await namesInRoot(root, directory)).filter((name) => name.endsWith('.conf')).map((name) => `${directory}/${name}`),
  );
  for (const path of ['/etc/dracut.conf', ...(await Promise.all(below)).flat()]) {
    const text = (await readTextInRootIfExists(root, path)) ?? '';
    if (/^\s*compress=/m.test(text)) return [];
  }
  return ['--compress', await compressor(root)];
}

/**
 * zstd where the root has it: four times as fast as gzip. The number of threads is fixed, though it should not
 * change the result.
 */
async function compressor(root: string): Promise<string> {
  const hasZstd = (await statInRoot(root, '/usr/bin/zstd')) !== undefined;
  return hasZstd ? 'zstd -7 -T2 -q' : 'gzip -6 -n';
}

/** Where dracut has collected the files, on the host. */
async function collectedFiles(work: string): Promise<string | undefined> {
  const [directory] = (await readdir(work)).filter((name) => name.startsWith('dracut.'));
  return directory === undefined ? undefined : join(work, directory, 'initramfs');
}

async function collectedPaths(work: string): Promise<string[]> {
  const directory = await collectedFiles(work);
  if (directory === undefined) return [];
  const paths: string[] = [];
  for await (const { path, entry } of walkTree(directory)) {
    if (!entry.isDirectory()) paths.push(path);
  }
  return paths;
}

/** Whether the image is one for systems in FIPS mode. */
async function hasFips(work: string): Promise<boolean> {
  const directory = await collectedFiles(work);
  if (directory === undefined) return false;
  const modules = (await readTextInRootIfExists(directory, '/usr/lib/dracut/modules.txt')) ?? '';
  return modules.split('\n').includes('fips');
}

/**
 * Adds what libraries read in FIPS mode before anything has mounted /dev. dracut would make it, but nobody in a sandbox may make
 * devices. An archive of its own behind the others: https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
 */
async function appendRandomDevices(image: string): Promise<void> {
  const { size } = await stat(image);
  // Some decompressors take four zeros for the end; more make the archive begin where it must.
  const gap = Buffer.alloc(4 + ((4 - (size % 4)) % 4));
  const directory = encodeCpioMember({ path: 'dev', type: 'directory', permissions: 0o755, size: 0 });
  const devices = [8, 9].map((minor) =>
    encodeCpioDevice({ path: minor === 8 ? 'dev/random' : 'dev/urandom', permissions: 0o666, major: 1, minor }),
  );
  await appendFile(image, Buffer.concat([gap, directory, ...devices, endOfCpio]));
}
