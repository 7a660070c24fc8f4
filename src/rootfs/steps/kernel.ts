import { CosaError } from '../../lib/errors.ts';
import {
  namesInRoot,
  readTextInRootIfExists,
  renameInRoot,
  statInRoot,
  writeTextInRoot,
} from '../../lib/root-files.ts';
import type { RootStep } from '../context.ts';
import { kernelFiles } from '../final-path.ts';

/** Finds the one kernel, and puts it where ostree and bootc look for it: beside its modules. */
export const kernel: RootStep = {
  title: 'place the kernel',
  async run(context) {
    const { root } = context;
    const release = await kernelRelease(root);
    for (const name of kernelFiles) {
      const inBoot = `/boot/${name}-${release}`;
      const besideModules = `/usr/lib/modules/${release}/${name}`;
      // Where a package has it there already, that in /boot is a copy which its scripts have made.
      if ((await statInRoot(root, besideModules)) !== undefined) continue;
      if ((await statInRoot(root, inBoot)) !== undefined) await renameInRoot(root, inBoot, besideModules);
    }
    await mendHmac(root, release);
    context.kernelRelease = release;
    context.reporter.note(release);
  },
};

/**
 * Takes the directory out of the file by which a kernel is verified in FIPS mode: older packages name /boot there, and the file
 * stands beside the kernel wherever ostree copies both.
 */
async function mendHmac(root: string, release: string): Promise<void> {
  const path = `/usr/lib/modules/${release}/.vmlinuz.hmac`;
  const text = await readTextInRootIfExists(root, path);
  const relative = text?.replace(/^([0-9a-f]+ [ *])\/.*\/([^/\n]+)/gm, '$1$2');
  if (relative !== undefined && relative !== text) await writeTextInRoot(root, path, relative);
}

/**
 * The release of the kernel that is installed.
 * @throws CosaError `KERNEL_MISSING`, `KERNEL_AMBIGUOUS`
 */
async function kernelRelease(root: string): Promise<string> {
  const releases = await namesInRoot(root, '/usr/lib/modules');
  const found: string[] = [];
  for (const release of releases) {
    const places = [`/usr/lib/modules/${release}/vmlinuz`, `/boot/vmlinuz-${release}`];
    const present = await Promise.all(places.map((place) => statInRoot(root, place)));
    if (present.some((stats) => stats !== undefined)) found.push(release);
  }
  const [release, second] = found;
  if (release === undefined) {
    throw new CosaError('KERNEL_MISSING', 'the packages have no kernel: neither /boot nor /usr/lib/modules holds one', {
      hint: 'add a kernel package: linux-image-amd64 (Debian), kernel (Fedora)',
    });
  }
  if (second !== undefined) {
    throw new CosaError('KERNEL_AMBIGUOUS', `the packages have ${found.length} kernels: ${found.join(', ')}`, {
      hint: 'keep the package of one, and name the others in exclude-packages',
    });
  }
  return release;
}
