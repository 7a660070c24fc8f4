import { printable, printableJson } from '../../lib/printable.ts';

const content = Symbol('content');

/**
 * Text as it goes to the terminal: colours and line breaks in it are ours, all else is escaped. It is no string, so that
 * nothing of others can take its place: {@link line}, {@link lines}, a {@link Style} and a table make it, and escape
 * each string that they are given.
 */
export interface Shown {
  readonly [content]: string;
}

/** Anything to be shown: a string is escaped. */
export type Showable = string | number | Shown;

/** Template for one line: `` line`${style.bold(version)} built` ``. Its own words are ours, the values may be anybody's. */
export function line(words: TemplateStringsArray, ...values: readonly Showable[]): Shown {
  const parts = words.map((word, index) => word + (index < values.length ? terminalText(values[index] ?? '') : ''));
  return ours(parts.join(''));
}

/** Lines below each other. */
export function lines(parts: readonly Showable[], separator = '\n'): Shown {
  return ours(parts.map(terminalText).join(separator));
}

/** A text of several lines by somebody else, each behind a mark, so that none can pass for one of ours. */
export function quoted(text: string, mark = '  | '): Shown {
  return lines(text.split('\n').map((part) => line`${ours(mark)}${part.replace(/\r$/, '')}`));
}

/** A JSON document by somebody else, its lines as they are: readers of it see no difference. */
export function jsonDocument(text: string): Shown {
  // Outside of strings, where alone JSON has them, these are white space.
  return ours(printableJson(text.trimEnd().replaceAll('\t', '  ').replaceAll('\r', '')));
}

/** What a stream is given for it. */
export function terminalText(text: Showable): string {
  return typeof text === 'object' ? text[content] : printable(String(text));
}

/** Makes text of what is known to be safe: this file's neighbours and the program's own documents alone may say so. */
export function ours(text: string): Shown {
  return { [content]: text };
}
