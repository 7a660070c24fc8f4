/** A line of tmpfiles.d(5), of the kinds that we write. */
export type TmpfilesLine =
  | { type: 'd'; path: string; mode: number; user: string; group: string }
  | { type: 'L' | 'C'; path: string; argument: string };

/**
 * Writes a line of tmpfiles.d(5).
 * https://www.freedesktop.org/software/systemd/man/latest/tmpfiles.d.html
 */
export function formatTmpfilesLine(line: TmpfilesLine): string {
  const path = pathField(line.path);
  if (line.type === 'd') return `d ${path} ${line.mode.toString(8).padStart(4, '0')} ${line.user} ${line.group} - -`;
  // The argument is the rest of the line: quotes in it would be its own.
  return `${line.type} ${path} - - - - ${escaped(withoutSpecifiers(line.argument), /[\s"'\\\p{Cc}]/gu)}`;
}

/**
 * In quotes where it must be: systemd 252 does not know escapes in a path but of a quote and a backslash, 257 knows all.
 * So a path with a line feed needs 257.
 */
function pathField(path: string): string {
  const text = withoutSpecifiers(path);
  if (!/[\s"'\\\p{Cc}]/u.test(text)) return text;
  return `"${escaped(text.replace(/["\\]/g, '\\$&'), /[^\P{Cc}\t]/gu)}"`;
}

/** A % would begin one. */
function withoutSpecifiers(text: string): string {
  return text.replaceAll('%', '%%');
}

/** As in C. */
function escaped(text: string, characters: RegExp): string {
  return text.replace(characters, (character) =>
    [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

/** The paths that the lines of a tmpfiles.d file create; lines that remove or change things do not count. */
export function createdPaths(text: string): string[] {
  const paths: string[] = [];
  for (const line of text.split('\n')) {
    const [, type = '', quoted, plain = ''] = /^\s*(\S+)\s+(?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(line) ?? [];
    const path = quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1');
    if (/^[dDvqQfFLCpcb][+!=~^$-]*$/.test(type)) paths.push(path.replace(/(?!^)\/+$/, '').replaceAll('%%', '%'));
  }
  return paths;
}
