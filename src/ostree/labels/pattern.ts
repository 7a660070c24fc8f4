import { type ByteSet, complement, escapedBytes, escapedClasses, include, namedClasses } from './byte-class.ts';

/** What a pattern matches, as a tree. */
export type Pattern =
  | { kind: 'byte'; byte: number }
  | { kind: 'set'; set: ByteSet }
  | { kind: 'sequence'; parts: readonly Pattern[] }
  | { kind: 'choice'; options: readonly Pattern[] }
  | { kind: 'repeat'; part: Pattern; least: number; most: number }
  /** Before the first byte. */
  | { kind: 'start' }
  /** Behind the last byte, or before a line feed that is the last one. */
  | { kind: 'end' };

/** A pattern that cannot be used: `message` says what about it, as a clause without its place. */
export class PatternError extends Error {}

/** libselinux compiles none that is longer. */
const longest = 4095;
/** Parentheses in parentheses: each takes some of the stack. */
const deepest = 200;
/** The most that PCRE2 repeats. */
const mostRepeats = 65_535;

const simpleQuantifiers: ReadonlyMap<string, { least: number; most: number }> = new Map([
  ['*', { least: 0, most: Number.POSITIVE_INFINITY }],
  ['+', { least: 1, most: Number.POSITIVE_INFINITY }],
  ['?', { least: 0, most: 1 }],
]);

const anyByte: ByteSet = new Uint8Array(256).fill(1);

/**
 * Parses a regular expression of PCRE2, as libselinux compiles it: bytes, and `.` matches a line feed. What only
 * backtracking could match is refused: references, assertions about what is around, possessive and atomic groups.
 * https://www.pcre.org/current/doc/html/pcre2pattern.html
 * @param text a character a byte
 * @throws PatternError
 */
export function parsePattern(text: string): Pattern {
  if (text.length > longest) throw new PatternError(`it has ${text.length} characters; ${longest} are accepted`);
  let at = 0;

  function choice(depth: number): Pattern {
    if (depth > deepest) throw new PatternError(`it has more than ${deepest} parentheses in each other`);
    const options = [sequence(depth)];
    while (text[at] === '|') {
      at++;
      options.push(sequence(depth));
    }
    return options.length === 1 ? (options[0] as Pattern) : { kind: 'choice', options };
  }

  function sequence(depth: number): Pattern {
    const parts: Pattern[] = [];
    while (at < text.length && text[at] !== '|' && text[at] !== ')') {
      const part = item(depth);
      if (part !== undefined) parts.push(repeated(part));
    }
    return { kind: 'sequence', parts };
  }

  /** @returns undefined for a comment */
  function item(depth: number): Pattern | undefined {
    const character = text[at++] as string;
    switch (character) {
      case '.':
        return { kind: 'set', set: anyByte };
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '[':
        return { kind: 'set', set: bracketed() };
      case '(':
        return group(depth);
      case '\\':
        return escaped();
      case '*':
      case '+':
      case '?':
        throw new PatternError(`"${character}" repeats nothing`);
      case '{':
        if (quantifierAt(at - 1) !== undefined) throw new PatternError('"{" repeats nothing');
        return { kind: 'byte', byte: 0x7b };
      default:
        return { kind: 'byte', byte: character.charCodeAt(0) };
    }
  }

  function group(depth: number): Pattern | undefined {
    if (text[at] === '*') throw new PatternError('"(*" is not supported');
    if (text[at] === '?') {
      const opening = /^\?(?::|P?<[A-Za-z_]\w*>|'[A-Za-z_]\w*')/.exec(text.slice(at))?.[0];
      if (opening === undefined) return comment();
      at += opening.length;
    }
    const inside = choice(depth + 1);
    if (text[at] !== ')') throw new PatternError('a ")" is missing');
    at++;
    return inside;
  }

  function comment(): undefined {
    if (text[at + 1] !== '#') throw new PatternError(`"(${text.slice(at, at + 2)}" is not supported`);
    const end = text.indexOf(')', at);
    if (end === -1) throw new PatternError('a ")" is missing');
    at = end + 1;
  }

  function escaped(): Pattern {
    const character = text[at++];
    if (character === undefined) throw new PatternError('nothing follows the last backslash');
    const set = escapedClasses.get(character);
    if (set !== undefined) return { kind: 'set', set };
    if (character === 'A') return { kind: 'start' };
    if (character === 'Z') return { kind: 'end' };
    return { kind: 'byte', byte: escapedByte(character) };
  }

  /** The byte that a character behind a backslash stands for. */
  function escapedByte(character: string): number {
    const byte = escapedBytes.get(character);
    if (byte !== undefined) return byte;
    const rest = text.slice(at);
    if (character === 'x') {
      const digits = /^[0-9A-Fa-f]{0,2}/.exec(rest)?.[0] ?? '';
      if (rest.startsWith('{')) throw new PatternError('"\\x{" is not supported');
      at += digits.length;
      return Number.parseInt(`0${digits}`, 16);
    }
    if (character === '0') {
      const digits = /^[0-7]{0,2}/.exec(rest)?.[0] ?? '';
      at += digits.length;
      return Number.parseInt(`0${digits}`, 8);
    }
    if (/[A-Za-z0-9]/.test(character)) throw new PatternError(`"\\${character}" is not supported`);
    return character.charCodeAt(0);
  }

  function bracketed(): ByteSet {
    const set = new Uint8Array(256);
    const isNegated = text[at] === '^';
    if (isNegated) at++;
    for (let isFirst = true; isFirst || text[at] !== ']'; isFirst = false) {
      if (at >= text.length) throw new PatternError('a "]" is missing');
      const first = member();
      if (typeof first !== 'number') {
        include(set, first);
        continue;
      }
      const isRange = text[at] === '-' && at + 1 < text.length && text[at + 1] !== ']';
      if (!isRange) {
        set[first] = 1;
        continue;
      }
      at++;
      const last = member();
      if (typeof last !== 'number') throw new PatternError('a range in "[]" ends with a class');
      if (last < first) throw new PatternError('a range in "[]" ends before it begins');
      set.fill(1, first, last + 1);
    }
    at++;
    return isNegated ? complement(set) : set;
  }

  /** A byte or a class in brackets. */
  function member(): number | ByteSet {
    const named = /^\[([:.=])(\^?)([a-z]*)\1\]/.exec(text.slice(at));
    if (named !== null) {
      const set = named[1] === ':' ? namedClasses.get(named[3] ?? '') : undefined;
      if (set === undefined) throw new PatternError(`"${named[0]}" is not supported`);
      at += named[0].length;
      return named[2] === '^' ? complement(set) : set;
    }
    const character = text[at++] as string;
    if (character !== '\\') return character.charCodeAt(0);
    const behind = text[at++];
    if (behind === undefined) throw new PatternError('a "]" is missing');
    return escapedClasses.get(behind) ?? (behind === 'b' ? 0x08 : escapedByte(behind));
  }

  function quantifierAt(place: number): { least: number; most: number; length: number } | undefined {
    const simple = simpleQuantifiers.get(text[place] ?? '');
    if (simple !== undefined) return { ...simple, length: 1 };
    const braces = /^\{(\d*)(,?)(\d*)\}/.exec(text.slice(place, place + 16));
    if (braces === null) return undefined;
    const [whole, from = '', comma, to = ''] = braces;
    if (from === '' && to === '') return undefined;
    // Older releases of PCRE2 take it for text, newer ones for a number of repeats.
    if (from === '') throw new PatternError(`"${whole}" is not supported`);
    const least = Number(from);
    const most = comma === '' ? least : to === '' ? Number.POSITIVE_INFINITY : Number(to);
    if (least > mostRepeats || (most > mostRepeats && to !== '') || most < least) {
      throw new PatternError(`"${whole}" is no number of repeats`);
    }
    return { least, most, length: whole.length };
  }

  function repeated(part: Pattern): Pattern {
    const quantifier = quantifierAt(at);
    if (quantifier === undefined) return part;
    const { least, most, length } = quantifier;
    at += length;
    // Whether as much or as little as possible is taken changes nothing about whether all of it matches.
    if (text[at] === '?') at++;
    else if (text[at] === '+') throw new PatternError('what ends with "+" behind a number of repeats is not supported');
    if (quantifierAt(at) !== undefined) throw new PatternError(`"${text[at]}" repeats what is repeated already`);
    return { kind: 'repeat', part, least, most };
  }

  const pattern = choice(0);
  if (at < text.length) throw new PatternError('a ")" is too many');
  return pattern;
}
