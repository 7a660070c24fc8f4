import { join } from 'node:path';
import { type BootLoaderLayout, biosGrubConfig, liveBiosGrubConfig } from '../../contract/boot-loader-places.ts';
import { containerPaths } from '../../contract/paths.ts';
import { CosaError } from '../../lib/errors.ts';
import { namesInRoot, removeInRoot } from '../../lib/root-files.ts';
import { lastLines, type RootContext, runInRoot } from '../context.ts';
import { firstPresent } from './find.ts';
import { bootLoaderComponent, copyLoader, writeLoader } from './place.ts';

/** Modules of all BIOS images, for the commands of grub.cfg and of platforms.json's grub_commands. */
const commonModules = [
  ...['biosdisk', 'part_gpt', 'search', 'search_label', 'normal', 'configfile'],
  ...['linux', 'gzio', 'echo', 'test', 'true', 'ls', 'cat', 'sleep', 'regexp', 'loadenv', 'probe', 'reboot', 'halt'],
  ...['serial', 'terminal', 'terminfo', 'minicmd', 'all_video', 'gfxterm', 'font'],
];

/** Of these modules, one has the command `blscfg`: distributions' own, and GRUB's since 2.14. */
const entryModules = ['blscfg', 'blsuki'];

/** GRUB's files for BIOS, and the program that joins them. */
export interface BiosGrub {
  target: string;
  /** Directory of modules. */
  directory: string;
  program: string;
  /** The module that reads entries of the Boot Loader Specification, where there is one. */
  entryModule: string | undefined;
}

/** An image that GRUB makes for BIOS: all that a boot needs, because no directory of modules is where it starts. */
interface BiosImage {
  file: string;
  format: string;
  /** What it does before it has a configuration. */
  early: string;
  prefix: string;
  modules: readonly string[];
}

function diskImage({ target, entryModule }: BiosGrub): BiosImage {
  return {
    file: 'core.img',
    format: target,
    early: biosGrubConfig,
    prefix: '(boot)/grub',
    modules: [
      ...[...commonModules, 'ext2', 'xfs', 'fat', 'search_fs_uuid'],
      ...(entryModule === undefined ? [] : [entryModule]),
    ],
  };
}

function liveImage({ target }: BiosGrub): BiosImage {
  return {
    file: 'eltorito.img',
    format: `${target}-eltorito`,
    early: liveBiosGrubConfig,
    prefix: '/boot/grub',
    modules: [...commonModules, 'iso9660', 'search_fs_file'],
  };
}

/** Finds GRUB for BIOS; `undefined` if the packages have it not, or nothing to join it with. */
export async function findBiosGrub(
  root: string,
  { target, directories, programs }: NonNullable<BootLoaderLayout['bios']>,
): Promise<BiosGrub | undefined> {
  const directory = (await firstPresent(root, directories))?.path;
  const program = (await firstPresent(root, programs))?.path;
  if (directory === undefined || program === undefined) return undefined;
  const names = new Set(await namesInRoot(root, directory));
  return { target, directory, program, entryModule: entryModules.find((name) => names.has(`${name}.mod`)) };
}

/**
 * Makes the images of disks and, where GRUB has what it takes, of live media.
 * @throws CosaError `BOOT_LOADER_FAILED`
 */
export async function makeBiosImages(context: RootContext, grub: BiosGrub): Promise<void> {
  const bios = `${containerPaths.bootLoaders}/bios`;
  await copyLoader(context, join(grub.directory, 'boot.img'), `${bios}/boot.img`);
  await makeBiosImage(context, grub, diskImage(grub));
  const hybrid = await firstPresent(context.root, [join(grub.directory, 'boot_hybrid.img')]);
  if (hybrid === undefined) return;
  await copyLoader(context, hybrid.path, `${bios}/hybrid.img`);
  await makeBiosImage(context, grub, liveImage(grub));
}

async function makeBiosImage(
  context: RootContext,
  { program, directory }: BiosGrub,
  { file, format, early, prefix, modules }: BiosImage,
): Promise<void> {
  const config = `${containerPaths.bootLoaders}/bios/early.cfg`;
  const output = `${containerPaths.bootLoaders}/bios/${file}`;
  await writeLoader(context, config, early);
  const options = [`--format=${format}`, `--directory=${directory}`, `--config=${config}`, `--prefix=${prefix}`];
  const result = await runInRoot(context, [program, ...options, `--output=${output}`, ...modules]);
  if (result.exitCode !== 0) {
    const message = `${program} in the root: exit status ${result.exitCode}\n${lastLines(result)}`;
    throw new CosaError('BOOT_LOADER_FAILED', message.trimEnd());
  }
  await removeInRoot(context.root, config);
  context.generated.delete(config);
  context.generated.set(output, bootLoaderComponent);
}
