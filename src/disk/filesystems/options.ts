import { usageError } from '../../lib/errors.ts';

/**
 * Splits options from image.json and checks each against the few that only shape the filesystem. A container
 * is hostile input, and mkfs has other options that read or write files of the host.
 * @param permitted per option the form of its value
 * @throws CosaError `FILESYSTEM_OPTION` (exit 2)
 */
export function parseOptions(filesystem: string, text: string, permitted: ReadonlyMap<string, RegExp>): string[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  for (let index = 0; index < words.length; index += 2) {
    const option = words[index] ?? '';
    const value = words[index + 1] ?? '';
    if (!permitted.get(option)?.test(value)) {
      throw usageError(
        'FILESYSTEM_OPTION',
        `image.json: "rootfs-args" has "${`${option} ${value}`.trimEnd()}", which is not permitted for ${filesystem}`,
        { hint: `permitted, each with a value: ${[...permitted.keys()].join(' ')}` },
      );
    }
  }
  return words;
}
