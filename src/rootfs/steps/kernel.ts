import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CosaError } from '../../lib/errors.ts';
import type { RootStep } from '../context.ts';
import { kernelFiles } from '../final-path.ts';
import { namesIn } from '../names-in.ts';
import { existsOnHost } from '../root-path.ts';

/** Finds the one kernel, and puts it where ostree and bootc look for it: beside its modules. */
export const kernel: RootStep = {
  title: 'place the kernel',
  async run(context) {
    const { root } = context;
    const release = await kernelRelease(root);
    const modules = join(root, 'usr/lib/modules', release);
    for (const name of kernelFiles) {
      const inBoot = join(root, 'boot', `${name}-${release}`);
      if (await existsOnHost(inBoot)) await rename(inBoot, join(modules, name));
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
  const releases = await namesIn(join(root, 'usr/lib/modules'));
  const found: string[] = [];
  for (const release of releases) {
    const places = [join(root, 'usr/lib/modules', release, 'vmlinuz'), join(root, 'boot', `vmlinuz-${release}`)];
    const present = await Promise.all(places.map((place) => existsOnHost(place)));
    if (present.includes(true)) found.push(release);
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
