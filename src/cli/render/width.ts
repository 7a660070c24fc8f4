import { line, ours, type Showable, type Shown, terminalText } from './shown.ts';

// East Asian characters and emoji take two cells: https://www.unicode.org/reports/tr11/
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;
const combining = /\p{M}/u;
const sequence = /\p{Cc}\[[0-9;]*m/u;
const pieces = /\p{Cc}\[[0-9;]*m|./gu;

/** Cells that a line takes on a terminal; colours take none. */
export function visibleWidth(text: Showable): number {
  let width = 0;
  for (const [piece] of terminalText(text).matchAll(pieces)) width += cells(piece);
  return width;
}

/** Fills a line with blanks up to a width in cells. */
export function padded(text: Showable, width: number): Shown {
  return ours(terminalText(text) + ' '.repeat(Math.max(0, width - visibleWidth(text))));
}

/** A line of exactly this width: filled up, or cut with a mark where it was. */
export function shortenedTo(text: Showable, width: number): Shown {
  if (visibleWidth(text) <= width) return padded(text, width);
  return padded(line`${cutToWidth(text, width - 1)}…`, width);
}

/** A line's begin: at most so many cells. Colours that were begun also end. */
export function cutToWidth(text: Showable, width: number): Shown {
  let left = width;
  let result = '';
  for (const [piece] of terminalText(text).matchAll(pieces)) {
    left -= cells(piece);
    if (left >= 0 || sequence.test(piece)) result += piece;
  }
  return ours(result);
}

function cells(piece: string): number {
  if (sequence.test(piece) || combining.test(piece)) return 0;
  return wide.test(piece) ? 2 : 1;
}
