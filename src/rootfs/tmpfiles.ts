/** A line of tmpfiles.d(5), of the kinds that we write. */
export type TmpfilesLine =
  | { type: 'd'; path: string; mode: number; user: string; group: string }
  | { type: 'L' | 'C'; path: string; argument: string };

/**
 * Writes a line of tmpfiles.d(5).
 * https://www.freedesktop.org/software/systemd/man/latest/tmpfiles.d.html
 */
export function formatTmpfilesLine(line: TmpfilesLine): string {
  const path = escapeField(line.path);
  if (line.type === 'd') return `d ${path} ${line.mode.toString(8).padStart(4, '0')} ${line.user} ${line.group} - -`;
  // The argument is the rest of the line, and may have blanks, but specifiers in it are expanded too.
  return `${line.type} ${path} - - - - ${escapeField(line.argument)}`;
}

/** As C does it inside quotes, which systemd reads back; a % would be a specifier. */
function escapeField(text: string): string {
  const doubled = text.replaceAll('%', '%%');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must be escaped
  return doubled.replace(/[\s"'\\\u0000-\u001f\u007f]/g, (character) =>
    [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

/** The paths that the lines of a tmpfiles.d file create; lines that remove or change things do not count. */
export function createdPaths(text: string): string[] {
  const paths: string[] = [];
  for (const line of text.split('\n')) {
    const [type = '', path = ''] = line.trim().split(/\s+/);
    if (/^[dDvqQfFLCpcb][+!=~^$-]*$/.test(type)) paths.push(path.replace(/(?!^)\/+$/, ''));
  }
  return paths;
}
