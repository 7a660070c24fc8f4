// Control and format characters, line separators and halves of characters; what takes no place on a screen though it
// is there (zero-width characters, fillers, variation selectors, tags).
// https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text of others on one line, which cannot drive the terminal, hide in it or turn it around: what is no visible
 * character becomes visible, as `\n`, `\x1b`, `\u{202e}`.
 */
export function printable(text: string): string {
  return text.replace(hidden, visible);
}

/** The same for JSON, by its own escapes: readers of the document see no difference. */
export function printableJson(json: string): string {
  return json.replace(hidden, (character) => {
    if (character === '\n') return character;
    return Array.from(character.split(''), (unit) => `\\u${hexadecimal(unit.charCodeAt(0), 4)}`).join('');
  });
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return named[character] ?? (code < 0x100 ? `\\x${hexadecimal(code, 2)}` : `\\u{${hexadecimal(code, 4)}}`);
}

function hexadecimal(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
