import type { DiskConfig } from '../../contract/image-config.ts';
import type { PlatformSettings } from '../../contract/platforms.ts';
import type { DiskPlatform } from './platforms/platform.ts';

/**
 * The kernel's command line for a platform.
 * @param deployment what ostree's boot loader entry has: `ostree=…`
 */
export function kernelOptions(
  deployment: string,
  platform: DiskPlatform,
  config: DiskConfig,
  settings: PlatformSettings,
): string {
  const options = [
    // ostree makes of a writable root what it wants: read-only /sysroot and /usr.
    'rw',
    'root=LABEL=root',
    // GRUB puts `ignition.firstboot` in its place, on the first boot alone.
    '$ignition_firstboot',
    `ignition.platform.id=${platform.name}`,
    ...config['extra-kargs'],
    ...settings.kernel_arguments,
    deployment,
  ];
  return [...new Set(options)].join(' ');
}
