import type { CharacterTest } from './syntax.ts';

function property(expression: RegExp): CharacterTest {
  return (code) => expression.test(String.fromCodePoint(code));
}

const horizontal = property(/[\t \u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]/u);
const vertical = property(/[\n\v\f\r\u0085\u2028\u2029]/u);
const space: CharacterTest = (code) => horizontal(code) || vertical(code) || /\p{Z}/u.test(String.fromCodePoint(code));
const digit = property(/\p{Nd}/u);
const word = property(/[\p{L}\p{N}\p{Mn}\p{Pc}]/u);

export function not(test: CharacterTest): CharacterTest {
  return (code) => !test(code);
}

/** A dot takes all of these. */
export const notLineEnd: CharacterTest = (code) => code !== 0x0a && code !== 0x0d;
export const isWordCharacter = word;

/** Escapes that stand for many characters, in and out of brackets. */
export const escapedClasses: Readonly<Record<string, CharacterTest>> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: space,
  S: not(space),
  h: horizontal,
  H: not(horizontal),
  v: vertical,
  V: not(vertical),
};

/** Names in `[:name:]`. */
export const posixClasses: Readonly<Record<string, CharacterTest>> = {
  alpha: property(/\p{L}/u),
  lower: property(/\p{Ll}/u),
  upper: property(/\p{Lu}/u),
  alnum: property(/[\p{L}\p{N}]/u),
  ascii: (code) => code < 128,
  blank: horizontal,
  cntrl: property(/\p{Cc}/u),
  digit,
  graph: property(/[^\p{Z}\p{C}]/u),
  print: property(/[^\p{Zl}\p{Zp}\p{C}]/u),
  punct: property(/[\p{P}$+<=>^`|~]/u),
  space,
  word,
  xdigit: property(/[0-9a-f]/iu),
};

/** Escapes of one character. */
export const escapedCharacters: Readonly<Record<string, number>> = {
  a: 0x07,
  e: 0x1b,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
};

/**
 * The test of a Unicode property such as `Lu` or `Greek`.
 * @returns `undefined` for a name that is none
 */
export function unicodeProperty(name: string): CharacterTest | undefined {
  if (name === 'Any') return () => true;
  if (name === 'L&') return property(/[\p{Lu}\p{Ll}\p{Lt}]/u);
  for (const form of [name, `Script_Extensions=${name}`]) {
    try {
      return property(new RegExp(`^\\p{${form}}$`, 'u'));
    } catch {
      // Not a name of this kind.
    }
  }
  return undefined;
}

/** The test of one character, or of a range. */
export function between(first: number, last: number, ignoresCase: boolean): CharacterTest {
  const plain: CharacterTest = (code) => code >= first && code <= last;
  return ignoresCase ? (code) => casesOf(code).some(plain) : plain;
}

/** A character, in both cases. */
export function casesOf(code: number): number[] {
  const text = String.fromCodePoint(code);
  return [text, text.toLowerCase(), text.toUpperCase()].flatMap((form) => {
    const only = form.codePointAt(0) ?? 0;
    return [...form].length === 1 ? [only] : [];
  });
}
