import { type Alphabet, withComplements } from './alphabet.ts';
import type { CharacterTest } from './syntax.ts';

function property(expression: RegExp): CharacterTest {
  return (code) => expression.test(String.fromCodePoint(code));
}

const horizontal = property(/[\t \u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]/u);
const vertical = property(/[\n\v\f\r\u0085\u2028\u2029]/u);
const space: CharacterTest = (code) => horizontal(code) || vertical(code) || /\p{Z}/u.test(String.fromCodePoint(code));
const digit = property(/\p{Nd}/u);
const word = property(/[\p{L}\p{N}\p{Mn}\p{Pc}]/u);

const posixClasses: Readonly<Record<string, CharacterTest>> = {
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

/** Code points, as PCRE2 has them with UTF and Unicode properties. */
export const unicode: Alphabet = {
  escapedClasses: withComplements({ d: digit, w: word, s: space, h: horizontal, v: vertical }),
  posixClasses,
  notLineEnd: (code) => code !== 0x0a && code !== 0x0d,
  casesOf(code) {
    const text = String.fromCodePoint(code);
    return [text, text.toLowerCase(), text.toUpperCase()].flatMap((form) => {
      const only = form.codePointAt(0) ?? 0;
      return [...form].length === 1 ? [only] : [];
    });
  },
  mostCode: 0x10ffff,
};
