import { verificationError } from '../../lib/errors.ts';

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

const keys = ['title', 'linux', 'initrd', 'options'] as const;

/**
 * Reads an entry as ostree writes it.
 * @throws CosaError `LOADER_ENTRY_INVALID` (exit 4) naming the missing key
 */
export function parseLoaderEntry(text: string): LoaderEntry {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([a-z-]+)\s+(.*\S)\s*$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) values.set(match[1], match[2]);
  }
  const [title, linux, initrd, options] = keys.map((key) => {
    const value = values.get(key);
    if (value === undefined) throw verificationError('LOADER_ENTRY_INVALID', `the boot loader entry has no "${key}"`);
    return value;
  }) as [string, string, string, string];
  return { title, linux, initrd, options };
}

/** The entry's text with another kernel command line; every other line stays as it is. */
export function withOptions(text: string, options: string): string {
  return text.replace(/^options .*$/m, () => `options ${options}`);
}
