import { CosaError } from '../../lib/errors.ts';
import { namesInRoot, renameInRoot, statInRoot } from '../../lib/root-files.ts';
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
      if ((await statInRoot(root, inBoot)) === undefined) continue;
      await renameInRoot(root, inBoot, `/usr/lib/modules/${release}/${name}`);
    }
    context.kernelRelease = release;
    context.reporter.note(release);
  },
};

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
