/**
 * A Boot Loader Specification entry, type 1, with the keys that ostree writes.
 * https://uapi-group.org/specifications/specs/boot_loader_specification/
 */
export interface LoaderEntry {
  title: string;
  /** Path of the kernel in the boot filesystem. */
  linux: string;
  /** Path of the initramfs in the boot filesystem. */
  initrd: string;
  /** The kernel's command line. */
  options: string;
  /** Path of the one description of the hardware. */
  devicetree?: string;
  /** Path of the directory with the descriptions of several. */
  fdtdir?: string;
}

/** The text of the only entry, its keys in ostree's order. */
export function formatLoaderEntry({ title, options, devicetree, linux, initrd, fdtdir }: LoaderEntry): string {
  const lines = Object.entries({ title, version: '1', options, devicetree, linux, initrd, fdtdir });
  return lines.flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${value}\n`])).join('');
}
