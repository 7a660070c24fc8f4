import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskConfig } from '../../contract/image-config.ts';
import type { PlatformSettings } from '../../contract/platforms.ts';
import { verificationError } from '../../lib/errors.ts';
import { firstBootStamp, grubConfig, grubMenu } from '../boot/grub-config.ts';
import { parseLoaderEntry, withOptions } from '../boot/loader-entry.ts';
import { kernelOptions } from './kernel-arguments.ts';
import type { DiskPlatform } from './platforms/platform.ts';

/**
 * Makes a platform's boot filesystem content: what ostree deployed there, with the platform's kernel arguments,
 * GRUB's configuration and the stamp of the first boot.
 * @param deployed the sysroot's boot directory; stays as it is
 * @param directory to be made
 */
export async function makeBootContent(
  deployed: string,
  directory: string,
  platform: DiskPlatform,
  config: DiskConfig,
  settings: PlatformSettings,
): Promise<void> {
  // A copy shares the kernel's blocks where the filesystem can.
  await cp(deployed, directory, { recursive: true, verbatimSymlinks: true });
  const entries = join(directory, 'loader', 'entries');
  const [name, second] = (await readdir(entries)).filter((file) => file.endsWith('.conf'));
  if (name === undefined || second !== undefined) {
    throw verificationError('LOADER_ENTRY_INVALID', 'ostree wrote another number of boot loader entries than one');
  }
  const text = await readFile(join(entries, name), 'utf8');
  const entry = parseLoaderEntry(text);
  const options = kernelOptions(entry.options, platform, config, settings);
  await writeFile(join(entries, name), withOptions(text, options));
  await writeFile(join(directory, 'loader', 'grub.cfg'), grubMenu({ ...entry, options }));
  await mkdir(join(directory, 'grub'), { mode: 0o755 });
  await writeFile(join(directory, 'grub', 'grub.cfg'), grubConfig(settings.grub_commands));
  await writeFile(join(directory, 'ignition.firstboot'), firstBootStamp(config['ignition-network-kcmdline']));
}
