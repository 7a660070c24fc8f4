import { chmod, constants, copyFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import {
  type BootLoaderLayout,
  biosGrubConfig,
  bootLoaderLayout,
  espGrubConfig,
} from '../../contract/boot-loader-places.ts';
import { containerPaths } from '../../contract/paths.ts';
import { architectureNamed } from '../../lib/architecture.ts';
import { CosaError } from '../../lib/errors.ts';
import { makeDirectoryInRoot, readTextInRootIfExists, removeInRoot, replaceInRoot } from '../../lib/root-files.ts';
import { hostDirectory, hostPath } from '../../lib/root-path.ts';
import { firstPresent } from '../boot-loader-files.ts';
import { lastLines, type RootContext, type RootStep, runInRoot } from '../context.ts';

/**
 * Modules of the BIOS core image: all that a boot needs, because no module directory is on the disk. What
 * follows the file systems is for the commands of grub.cfg and of platforms.json's grub_commands.
 */
const biosModules = [
  ...['biosdisk', 'part_gpt', 'ext2', 'xfs', 'fat', 'search', 'search_label', 'search_fs_uuid', 'normal', 'configfile'],
  ...['linux', 'gzio', 'echo', 'test', 'true', 'ls', 'cat', 'sleep', 'regexp', 'loadenv', 'probe', 'reboot', 'halt'],
  ...['serial', 'terminal', 'terminfo', 'minicmd', 'all_video', 'gfxterm', 'font'],
];

/**
 * Gathers the boot loaders that the packages have, ready to be copied to a disk: then nobody who makes one
 * needs GRUB's tools, and the loader is the system's own. A system without any is left without.
 */
export const bootLoader: RootStep = {
  title: 'gather the boot loader',
  async run(context) {
    const layout = bootLoaderLayout(architectureNamed(context.request.basearch));
    if (layout === undefined) return;
    const bios = layout.bios === undefined ? false : await makeBiosImages(context, layout.bios);
    const efi = await copyEfiFiles(context, layout.efi);
    const made = [bios ? 'BIOS' : undefined, efi ? 'UEFI' : undefined].filter((name) => name !== undefined);
    context.reporter.log(`boot loaders: ${made.join(', ') || 'none'}`);
  },
};

async function makeBiosImages(context: RootContext, places: NonNullable<BootLoaderLayout['bios']>): Promise<boolean> {
  const directory = await firstPresent(context.root, places.directories);
  const program = await firstPresent(context.root, places.programs);
  if (directory === undefined || program === undefined) return false;
  await copyIn(context, join(directory, 'boot.img'), `${containerPaths.bootLoaders}/bios/boot.img`);
  const early = `${containerPaths.bootLoaders}/bios/early.cfg`;
  const core = `${containerPaths.bootLoaders}/bios/core.img`;
  await writeIn(context, early, biosGrubConfig);
  const options = [
    `--format=${places.target}`,
    `--directory=${directory}`,
    `--config=${early}`,
    '--prefix=(boot)/grub',
  ];
  const result = await runInRoot(context, [program, ...options, `--output=${core}`, ...biosModules]);
  if (result.exitCode !== 0) {
    const message = `${program} in the root: exit status ${result.exitCode}\n${lastLines(result)}`;
    throw new CosaError('BOOT_LOADER_FAILED', message.trimEnd());
  }
  await removeInRoot(context.root, early);
  context.generated.delete(early);
  context.generated.set(core, 'boot-loader');
  return true;
}

async function copyEfiFiles(
  context: RootContext,
  places: readonly { to: string; from: readonly string[]; required: boolean }[],
): Promise<boolean> {
  const vendor = await vendorOf(context.root);
  const found = [];
  for (const { to, from, required } of places) {
    const source = await firstPresent(
      context.root,
      from.map((path) => path.replaceAll('{vendor}', vendor)),
    );
    if (source === undefined && required) return false;
    if (source !== undefined) found.push({ to, source });
  }
  for (const { to, source } of found) await copyIn(context, source, `${containerPaths.bootLoaders}/efi/EFI/BOOT/${to}`);
  await writeIn(context, `${containerPaths.bootLoaders}/efi/EFI/${vendor}/grub.cfg`, espGrubConfig);
  return true;
}

/** os-release's ID: `debian`, `fedora`. */
async function vendorOf(root: string): Promise<string> {
  const text = (await readTextInRootIfExists(root, '/usr/lib/os-release')) ?? '';
  return /^ID="?([a-z0-9._-]+)"?$/m.exec(text)?.[1] ?? 'linux';
}

async function copyIn(context: RootContext, from: string, to: string): Promise<void> {
  const { root } = context;
  await makeDirectoryInRoot(root, posix.dirname(to));
  await removeInRoot(root, to);
  const host = await hostPath(root, to);
  await copyFile(await hostDirectory(root, from), host, constants.COPYFILE_EXCL);
  await chmod(host, 0o644);
  context.generated.set(to, 'boot-loader');
}

async function writeIn(context: RootContext, to: string, text: string): Promise<void> {
  await replaceInRoot(context.root, to, text);
  context.generated.set(to, 'boot-loader');
}
