import { usageError } from '../../lib/errors.ts';

/** Options as text, and the key that they come from as messages name it: `image.json: "rootfs-args"`. */
export interface OptionsText {
  options: string;
  optionsKey: string;
}

/** Says whether a value has its form: a regular expression, or something like it. */
export type ValueForm = Pick<RegExp, 'test'>;

/**
 * Splits options and checks each against the few that only shape the filesystem. A container is hostile input, and mkfs has
 * other options that read or write files of the host.
 * @param permitted per option the form of its value
 * @returns options and values in turns
 * @throws CosaError `FILESYSTEM_OPTION` (exit 2)
 */
export function parseOptions(
  filesystem: string,
  { options, optionsKey }: OptionsText,
  permitted: ReadonlyMap<string, ValueForm>,
): string[] {
  const words = options.split(/\s+/).filter((word) => word !== '');
  for (let index = 0; index < words.length; index += 2) {
    const option = words[index] ?? '';
    const value = words[index + 1] ?? '';
    if (!permitted.get(option)?.test(value)) {
      throw usageError(
        'FILESYSTEM_OPTION',
        `${optionsKey} has "${`${option} ${value}`.trimEnd()}", which is not permitted for ${filesystem}`,
        {
          hint:
            permitted.size === 0
              ? 'leave it empty'
              : `permitted, each with a value: ${[...permitted.keys()].join(' ')}`,
        },
      );
    }
  }
  return words;
}
