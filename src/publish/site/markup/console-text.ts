import { stripVTControlCharacters } from 'node:util';

/**
 * A console's text without what drives a terminal: colours, titles, cursor movements. A line that was written over stands as it
 * was in the end.
 * @see https://www.ecma-international.org/publications-and-standards/standards/ecma-48/
 */
export function consoleText(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r') + 1))
    .join('\n')
    .trimEnd();
}
