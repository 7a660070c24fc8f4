import { between, not } from './alphabet.ts';
import { escapedCode, propertyTest } from './parse-escape.ts';
import type { PatternReader } from './reader.ts';
import { type CharacterTest, PatternError } from './syntax.ts';

/**
 * Reads a class behind its `[`.
 * @param begin where that stands
 * @throws PatternError
 */
export function parseBrackets(reader: PatternReader, ignoresCase: boolean, begin: number): CharacterTest {
  const isNegative = reader.take('^');
  const tests: CharacterTest[] = [];
  let isFirst = true;
  // A ] that stands first is meant itself.
  while (isFirst || reader.peek() !== ']') {
    if (reader.isAtEnd()) throw new PatternError('this class has no "]"', begin);
    isFirst = false;
    tests.push(parseMember(reader, ignoresCase, begin));
  }
  reader.take(']');
  const test: CharacterTest = (code) => tests.some((one) => one(code));
  return isNegative ? not(test) : test;
}

function parseMember(reader: PatternReader, ignoresCase: boolean, begin: number): CharacterTest {
  const first = parseOne(reader);
  if (typeof first === 'function') return first;
  if (reader.peekMatch(/-[^\]]/y) === undefined || !reader.take('-'))
    return between(reader.alphabet, first, first, ignoresCase);
  const last = parseOne(reader);
  if (typeof last === 'function') throw new PatternError('a range in this class ends with a class', begin);
  if (last < first) throw new PatternError('a range in this class is in the wrong order', begin);
  return between(reader.alphabet, first, last, ignoresCase);
}

/** A character, or the test of a class in the class. */
function parseOne(reader: PatternReader): number | CharacterTest {
  const offset = reader.offset();
  const posix = reader.takeGroups(/\[([:.=])(\^?)([^\]]*?)\1\]/y);
  if (posix !== undefined) {
    const [, kind, negation, name = ''] = posix;
    const test = kind === ':' ? reader.alphabet.posixClasses[name] : undefined;
    if (test === undefined) throw new PatternError(`${posix[0]} is no class that is known here`, offset);
    return negation === '^' ? not(test) : test;
  }
  if (reader.peek() !== '\\') return reader.takeCodePoint();
  const letter = reader.takeMatch(/\\[dDwWsShHvV]/y);
  if (letter !== undefined) return reader.alphabet.escapedClasses[letter.charAt(1)] ?? (() => false);
  if (reader.take('\\b')) return 0x08;
  return propertyTest(reader) ?? escapedCode(reader);
}
