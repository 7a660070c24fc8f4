import type { CharacterTest } from './syntax.ts';

/** What the characters of texts are: code points of Unicode, or bytes. */
export interface Alphabet {
  /** By the letter behind the backslash: d, D, w, W, s, S, h, H, v, V. */
  escapedClasses: Readonly<Record<string, CharacterTest>>;
  /** By the name between `[:` and `:]`. */
  posixClasses: Readonly<Record<string, CharacterTest>>;
  /** What a dot takes unless it takes all. */
  notLineEnd: CharacterTest;
  /** A character in both cases, itself among them. */
  casesOf(code: number): readonly number[];
  /** The highest number of a character. */
  mostCode: number;
}

export function not(test: CharacterTest): CharacterTest {
  return (code) => !test(code);
}

/** The test of one character, or of a range. */
export function between({ casesOf }: Alphabet, first: number, last: number, ignoresCase: boolean): CharacterTest {
  const plain: CharacterTest = (code) => code >= first && code <= last;
  return ignoresCase ? (code) => casesOf(code).some(plain) : plain;
}

/** Classes that a letter stands for, and those of all other characters that the capital does. */
export function withComplements(classes: Readonly<Record<string, CharacterTest>>): Record<string, CharacterTest> {
  const others = Object.entries(classes).map(([letter, test]) => [letter.toUpperCase(), not(test)] as const);
  return { ...classes, ...Object.fromEntries(others) };
}

/** Escapes of one character. */
export const escapedCharacters: Readonly<Record<string, number>> = {
  a: 0x07,
  e: 0x1b,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
};
