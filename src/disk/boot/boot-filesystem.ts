import { verificationError } from '../../lib/errors.ts';
import { newDirectory, newFile, newSymlink, placeNode } from '../deployment/nodes.ts';
import type { DirectoryNode, FileNode } from '../filesystems/tree.ts';
import { firstBootStamp, grubConfig, grubMenu } from './grub-config.ts';
import { formatLoaderEntry, type LoaderEntry } from './loader-entry.ts';

/** A deployment, as the boot loader knows it. */
export interface BootDeployment {
  stateroot: string;
  /** What the kernel's directory is named by. */
  bootChecksum: string;
  title: string;
  kernelRelease: string;
  /** True if GRUB reads the entries itself, and needs no menu beside them. */
  readsEntries: boolean;
  /** What bootupd is to know of the boot loaders; undefined if the container has nothing for it. */
  bootupdState: string | undefined;
  /** What the entry has of the hardware's description, if the container has one. */
  deviceTree: 'devicetree' | 'dtb' | undefined;
  /** Directories beside the kernel, by their paths relative to its directory; parents first. */
  directories: readonly { path: string; uid: number; gid: number; mode: number }[];
}

/** What a platform's boot filesystem says besides. */
export interface BootSettings {
  /** Kernel arguments, before that which names the deployment. */
  kernelArguments: readonly string[];
  grubCommands: readonly string[];
  /** Kernel arguments that bring the network up at the first boot. */
  networkArguments: readonly string[];
}

/** The path of the only deployment, which the kernel is told. */
function deploymentArgument({ stateroot, bootChecksum }: BootDeployment): string {
  return `ostree=/ostree/boot.1/${stateroot}/${bootChecksum}/0`;
}

/**
 * The boot loader's entry of the only deployment. Paths are those of the boot filesystem.
 * @param kernelArguments without that which names the deployment
 */
function deploymentEntry(deployment: BootDeployment, kernelArguments: readonly string[]): LoaderEntry {
  const { stateroot, bootChecksum, title, kernelRelease, deviceTree } = deployment;
  const directory = `/ostree/${stateroot}-${bootChecksum}`;
  return {
    title,
    options: [...new Set([...kernelArguments, deploymentArgument(deployment)])].join(' '),
    linux: `${directory}/vmlinuz-${kernelRelease}`,
    initrd: `${directory}/initramfs-${kernelRelease}.img`,
    ...(deviceTree === 'devicetree' ? { devicetree: `${directory}/devicetree-${kernelRelease}` } : {}),
    ...(deviceTree === 'dtb' ? { fdtdir: `${directory}/dtb` } : {}),
  };
}

/** `COMMAND_LINE_SIZE` of Linux on x86 and arm64, without the zero at its end: it cuts off what is longer, unasked. */
const longestCommandLine = 2047;

/** What GRUB gives the kernel at the first boot, when it is longest. */
function requireShort({ linux, options }: LoaderEntry, networkArguments: readonly string[]): void {
  const firstBoot = ['ignition.firstboot', ...networkArguments].join(' ');
  const line = `BOOT_IMAGE=${linux} ${options.replace('$ignition_firstboot', firstBoot)}`;
  if (line.length <= longestCommandLine) return;
  throw verificationError(
    'KERNEL_ARGUMENTS_LENGTH',
    `the kernel's arguments have ${line.length} characters, and it reads ${longestCommandLine} of them`,
    { hint: 'give fewer in "extra-kargs" of image.yaml or in platforms.yaml, and build the container again' },
  );
}

/**
 * The content of a platform's boot filesystem: what `ostree admin deploy` leaves there, and GRUB's configuration with the
 * stamp of the first boot.
 * @param kernelFiles by their paths relative to the kernel's directory
 * @param mtime of everything but those
 * @throws CosaError `KERNEL_ARGUMENTS_LENGTH` (exit 4)
 */
export function bootFilesystem(
  deployment: BootDeployment,
  kernelFiles: readonly (readonly [path: string, node: FileNode])[],
  settings: BootSettings,
  mtime: number,
): DirectoryNode {
  const entry = deploymentEntry(deployment, settings.kernelArguments);
  requireShort(entry, settings.networkArguments);
  const directory = (entries: Parameters<typeof newDirectory>[1]) => newDirectory(mtime, entries);
  const kernel = newDirectory(mtime);
  for (const { path, ...owner } of deployment.directories)
    placeNode(kernel, path, { ...newDirectory(mtime), ...owner });
  for (const [path, node] of kernelFiles) placeNode(kernel, path, node);
  const { readsEntries, bootupdState } = deployment;
  return directory([
    // So that paths with /boot and without are the same.
    ['boot', newSymlink(mtime, '.')],
    ['grub', directory([['grub.cfg', newFile(mtime, grubConfig(settings.grubCommands, readsEntries))]])],
    // Distributions whose GRUB reads entries name it so, and their tools look for it.
    ...(readsEntries ? [['grub2', newSymlink(mtime, 'grub')] as const] : []),
    ...(bootupdState === undefined ? [] : [['bootupd-state.json', newFile(mtime, bootupdState)] as const]),
    ['ignition.firstboot', newFile(mtime, firstBootStamp(settings.networkArguments))],
    ['loader', newSymlink(mtime, 'loader.1')],
    [
      'loader.1',
      directory([
        ['entries', directory([['ostree-1.conf', newFile(mtime, formatLoaderEntry(entry))]])],
        ...(readsEntries ? [] : [['grub.cfg', newFile(mtime, grubMenu(entry))] as const]),
      ]),
    ],
    ['ostree', directory([[`${deployment.stateroot}-${deployment.bootChecksum}`, kernel]])],
  ]);
}
