import { chmod, constants, copyFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import {
  type BootLoaderLayout,
  biosGrubConfig,
  bootLoaderLayout,
  espGrubConfig,
  liveBiosGrubConfig,
} from '../../contract/boot-loader-places.ts';
import { containerPaths } from '../../contract/paths.ts';
import { architectureNamed } from '../../lib/architecture.ts';
import { CosaError } from '../../lib/errors.ts';
import { makeDirectoryInRoot, readTextInRootIfExists, removeInRoot, replaceInRoot } from '../../lib/root-files.ts';
import { hostDirectory, hostPath } from '../../lib/root-path.ts';
import { firstPresent } from '../boot-loader-files.ts';
import { lastLines, type RootContext, type RootStep, runInRoot } from '../context.ts';

/** Modules of all BIOS images, for the commands of grub.cfg and of platforms.json's grub_commands. */
const commonModules = [
  ...['biosdisk', 'part_gpt', 'search', 'search_label', 'normal', 'configfile'],
  ...['linux', 'gzio', 'echo', 'test', 'true', 'ls', 'cat', 'sleep', 'regexp', 'loadenv', 'probe', 'reboot', 'halt'],
  ...['serial', 'terminal', 'terminfo', 'minicmd', 'all_video', 'gfxterm', 'font'],
];

/** An image that GRUB makes for BIOS: all that a boot needs, because no directory of modules is where it starts. */
interface BiosImage {
  file: string;
  format: string;
  /** What it does before it has a configuration. */
  early: string;
  prefix: string;
  modules: readonly string[];
}

function diskImage(target: string): BiosImage {
  return {
    file: 'core.img',
    format: target,
    early: biosGrubConfig,
    prefix: '(boot)/grub',
    modules: [...commonModules, 'ext2', 'xfs', 'fat', 'search_fs_uuid'],
  };
}

function liveImage(target: string): BiosImage {
  return {
    file: 'eltorito.img',
    format: `${target}-eltorito`,
    early: liveBiosGrubConfig,
    prefix: '/boot/grub',
    modules: [...commonModules, 'iso9660', 'search_fs_file'],
  };
}

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
  const bios = `${containerPaths.bootLoaders}/bios`;
  await copyIn(context, join(directory, 'boot.img'), `${bios}/boot.img`);
  const grub = { program, directory };
  await makeBiosImage(context, grub, diskImage(places.target));
  const hybrid = await firstPresent(context.root, [join(directory, 'boot_hybrid.img')]);
  if (hybrid === undefined) return true;
  await copyIn(context, hybrid, `${bios}/hybrid.img`);
  await makeBiosImage(context, grub, liveImage(places.target));
  return true;
}

async function makeBiosImage(
  context: RootContext,
  { program, directory }: { program: string; directory: string },
  { file, format, early, prefix, modules }: BiosImage,
): Promise<void> {
  const config = `${containerPaths.bootLoaders}/bios/early.cfg`;
  const output = `${containerPaths.bootLoaders}/bios/${file}`;
  await writeIn(context, config, early);
  const options = [`--format=${format}`, `--directory=${directory}`, `--config=${config}`, `--prefix=${prefix}`];
  const result = await runInRoot(context, [program, ...options, `--output=${output}`, ...modules]);
  if (result.exitCode !== 0) {
    const message = `${program} in the root: exit status ${result.exitCode}\n${lastLines(result)}`;
    throw new CosaError('BOOT_LOADER_FAILED', message.trimEnd());
  }
  await removeInRoot(context.root, config);
  context.generated.delete(config);
  context.generated.set(output, 'boot-loader');
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
