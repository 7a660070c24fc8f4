import fc from 'fast-check';

/** Text that means to drive a terminal, to hide in it, or to look like rows of ours. */
export const hostileText = fc.string({
  maxLength: 12,
  unit: fc.constantFrom(
    ...[
      'a',
      'ü',
      '名',
      '😀',
      ' ',
      '\\',
      '"',
      '\n',
      '\r\n',
      '\r',
      '\t',
      '\u2028',
      '\u2029',
      '\u0085',
      '\0',
      '\u007f',
      '\u0008',
    ],
    ...[
      '\u001b[31m',
      '\u001b[8m',
      '\u001b[0m',
      '\u001b[2J',
      '\u001b]0;t\u0007',
      '\u009b31m',
      '\u009d',
      '\u001b',
      '[1m',
    ],
    ...[
      '\u202a',
      '\u202e',
      '\u2066',
      '\u2069',
      '\u200b',
      '\u200d',
      '\u2060',
      '\ufeff',
      '\u00ad',
      '\u{e0041}',
      '\ud800',
      '\udc00',
    ],
    ...['\nerror: no', '\nhint: run this', '\n13.0.9  stable', '\n  bundle'],
  ),
});

/** What styles write, and nothing else does. */
export function withoutOurColors(text: string): string {
  return text.replace(/\p{Cc}\[(?:1|2|22|31|32|33|36|39)m/gu, '');
}
