import { lines, ours, type Showable, type Shown, terminalText } from './shown.ts';
import { padded, visibleWidth } from './width.ts';

/**
 * Lines with aligned columns, two spaces apart; the last column is not padded.
 * @param right indices of columns aligned to the right (numbers, sizes)
 */
export function table(rows: readonly (readonly Showable[])[], right: readonly number[] = []): Shown {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => visibleWidth(row[column] ?? ''))),
  );
  return lines(rows.map((row) => tableRow(row, widths, right)));
}

function tableRow(row: readonly Showable[], widths: readonly number[], right: readonly number[]): Shown {
  const cells = row.map((cell, column) => {
    const width = widths[column] ?? 0;
    if (right.includes(column)) return lines([' '.repeat(width - visibleWidth(cell)), cell], '');
    return column === row.length - 1 ? cell : padded(cell, width);
  });
  return ours(terminalText(lines(cells, '  ')).trimEnd());
}
