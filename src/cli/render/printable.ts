const escapeCharacter = '\u001b';

/**
 * Text that cannot drive the terminal: control characters become visible (`\x1b`), but for newline,
 * tab and, where `color` is true, colour sequences. What we print quotes file names, labels and logs
 * of containers that somebody else made.
 */
export function printable(text: string, color: boolean): string {
  return text.replace(/(\p{Cc})(\[[0-9;]*m)?/gu, (match: string, control: string, parameters?: string) => {
    if (control === '\n' || control === '\t') return match;
    if (control === escapeCharacter && parameters !== undefined && color) return match;
    return visible(control) + (parameters ?? '');
  });
}

/** As {@link printable}, on one line: a carriage return or newline inside becomes a space. */
export function printableLine(text: string): string {
  return printable(text.replace(/[\r\n]+/g, ' ').trimEnd(), false);
}

function visible(control: string): string {
  return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
