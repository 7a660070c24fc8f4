/**
 * Lines with aligned columns, two spaces apart; the last column is not padded.
 * Cells may be coloured: what counts is the width that a terminal shows.
 * @param right indices of columns aligned to the right (numbers, sizes)
 */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => visibleWidth(row[column] ?? ''))),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const padding = ' '.repeat((widths[column] ?? 0) - visibleWidth(cell));
          if (right.includes(column)) return padding + cell;
          return column === row.length - 1 ? cell : cell + padding;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Code points that a terminal shows, without colour sequences. */
export function visibleWidth(text: string): number {
  return [...text.replace(/\p{Cc}\[[0-9;]*m/gu, '')].length;
}
