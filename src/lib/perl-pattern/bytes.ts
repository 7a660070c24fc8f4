import { type Alphabet, withComplements } from './alphabet.ts';
import type { CharacterTest } from './syntax.ts';

// What is in each in the C locale: https://www.pcre.org/current/doc/html/pcre2pattern.html

/** @param ranges `['az', '__']` */
function rangesOf(...ranges: readonly string[]): CharacterTest {
  const pairs = ranges.map((range) => [range.charCodeAt(0), range.charCodeAt(1)] as const);
  return (code) => pairs.some(([first, last]) => code >= first && code <= last);
}

const word = rangesOf('AZ', 'az', '09', '__');
const white = rangesOf('\t\r', '  ');

/** Bytes, as PCRE2 has them without UTF. */
export const bytes: Alphabet = {
  escapedClasses: withComplements({
    d: rangesOf('09'),
    w: word,
    s: white,
    h: rangesOf('\t\t', '  ', '\xa0\xa0'),
    v: rangesOf('\n\r', '\x85\x85'),
  }),
  posixClasses: {
    alnum: rangesOf('AZ', 'az', '09'),
    alpha: rangesOf('AZ', 'az'),
    ascii: rangesOf('\0\x7f'),
    blank: rangesOf('  ', '\t\t'),
    cntrl: rangesOf('\0\x1f', '\x7f\x7f'),
    digit: rangesOf('09'),
    graph: rangesOf('!~'),
    lower: rangesOf('az'),
    print: rangesOf(' ~'),
    punct: rangesOf('!/', ':@', '[`', '{~'),
    space: white,
    upper: rangesOf('AZ'),
    word,
    xdigit: rangesOf('09', 'AF', 'af'),
  },
  notLineEnd: (code) => code !== 0x0a,
  casesOf(code) {
    const isLetter = rangesOf('AZ', 'az')(code);
    return isLetter ? [code, code ^ 0x20] : [code];
  },
  mostCode: 0xff,
};
