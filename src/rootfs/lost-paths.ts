import type { Reporter } from '../progress/reporter.ts';

/** Directories of which an ostree tree keeps nothing: the boot process mounts or fills them. */
export const emptyDirectories = ['/boot', '/dev', '/run', '/proc', '/sys', '/tmp', '/sysroot'] as const;

/** Directories that are links in an ostree tree, to where nothing of it lies. */
export const linkedDirectories = { '/media': 'run/media', '/ostree': 'sysroot/ostree' } as const;

/** Below these, files are made anew as they are needed; their directories stay. */
const volatile = /^(\/var\/(?:cache|log|tmp|backups|lib\/systemd\/(?:catalog|random-seed)))(?:\/|$)/;

/**
 * The directory because of which a file is not in the ostree tree; `undefined` if it is.
 * @param path absolute, with the links of the root resolved
 */
export function lostBelow(path: string): string | undefined {
  const directories = [...emptyDirectories, ...Object.keys(linkedDirectories)];
  return directories.find((directory) => path.startsWith(`${directory}/`)) ?? volatile.exec(path)?.[1];
}

/**
 * Says that files are not in the container, once for each directory.
 * @param origin who has put them there: `overlay 05core`
 */
export function warnOfLost(reporter: Reporter, origin: string, paths: readonly string[]): void {
  const byDirectory = new Map<string, string[]>();
  for (const path of paths) {
    const directory = lostBelow(path);
    if (directory !== undefined) byDirectory.set(directory, [...(byDirectory.get(directory) ?? []), path]);
  }
  for (const [directory, [first = '', ...more]] of byDirectory) {
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    reporter.warn(
      `${origin}: ${JSON.stringify(first)}${others} will not be in the container: nothing stays below ${directory}`,
      'put it below /usr, and let a file of tmpfiles.d copy or link it at boot',
    );
  }
}
