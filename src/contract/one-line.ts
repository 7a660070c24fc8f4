import { z } from 'zod';

/** One line without control characters: a line break would add lines of the container's choice to boot loader files. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const printable = /^[^\u0000-\u001f\u007f]*$/;

/** Text for a boot loader's file or a program's argument; may be empty. */
export const oneLine = z.string().regex(printable, { error: 'must be one line without control characters' });

/** As {@link oneLine}, and not empty. */
export const someLine = oneLine.min(1, { error: 'must not be empty' });
