import { type Alphabet, between, escapedCharacters, not } from './alphabet.ts';
import type { Flags, PatternReader } from './reader.ts';
import { type CharacterTest, PatternError, type PatternNode } from './syntax.ts';
import { unicodeProperty } from './unicode.ts';

/**
 * Reads an escape that stands outside of a class.
 * @throws PatternError
 */
export function parseEscape(reader: PatternReader, { ignoresCase }: Flags): PatternNode {
  const { alphabet } = reader;
  const place = reader.takeMatch(/\\[AZzGbBK]/y);
  if (place !== undefined) return placeOf(place.charAt(1), alphabet);
  const letter = reader.takeMatch(/\\[dDwWsShHvV]/y);
  if (letter !== undefined)
    return { type: 'character', test: alphabet.escapedClasses[letter.charAt(1)] ?? (() => false) };
  if (reader.take('\\N')) return { type: 'character', test: alphabet.notLineEnd };
  if (reader.take('\\R')) return lineEnds(alphabet);
  const property = propertyTest(reader);
  if (property !== undefined) return { type: 'character', test: property };
  const reference = parseReference(reader, ignoresCase);
  if (reference !== undefined) return reference;
  return characterNode(alphabet, escapedCode(reader), ignoresCase);
}

/** A character that stands for itself. */
export function characterNode(alphabet: Alphabet, code: number, ignoresCase: boolean): PatternNode {
  const test = between(alphabet, code, code, ignoresCase);
  return ignoresCase ? { type: 'character', test } : { type: 'character', test, code };
}

const atBegin = (_: readonly number[], at: number) => at === 0;

/** Places in a text. `\K` moves where a match begins, which is no matter here. */
function placeOf(letter: string, alphabet: Alphabet): PatternNode {
  switch (letter) {
    case 'A':
    case 'G':
      return { type: 'place', place: 'begin', test: atBegin };
    case 'Z':
      return endPlace;
    case 'z':
      return { type: 'place', place: 'other', test: (text, at) => at === text.length };
    case 'b':
      return { type: 'place', place: 'other', test: (text, at) => isWordEdge(alphabet, text, at) };
    case 'B':
      return { type: 'place', place: 'other', test: (text, at) => !isWordEdge(alphabet, text, at) };
    default:
      return { type: 'place', place: 'other', test: () => true };
  }
}

/** Also before a line feed that is the text's last character. */
const endPlace: PatternNode = {
  type: 'place',
  place: 'end',
  test: (text, at) => at === text.length || (at === text.length - 1 && text[at] === 0x0a),
};

/** `^` */
export function lineBegin({ multiline }: Flags): PatternNode {
  if (!multiline) return { type: 'place', place: 'begin', test: atBegin };
  return { type: 'place', place: 'other', test: (text, at) => at === 0 || text[at - 1] === 0x0a };
}

/** `$` */
export function lineEnd({ multiline }: Flags): PatternNode {
  if (!multiline) return endPlace;
  return { type: 'place', place: 'other', test: (text, at) => at === text.length || text[at] === 0x0a };
}

function isWordEdge({ escapedClasses }: Alphabet, text: readonly number[], at: number): boolean {
  const isWord = (code: number | undefined) => code !== undefined && escapedClasses.w?.(code) === true;
  return isWord(text[at - 1]) !== isWord(text[at]);
}

/** `\R`: CR LF is one end of a line. */
function lineEnds(alphabet: Alphabet): PatternNode {
  const one = (code: number) => characterNode(alphabet, code, false);
  const vertical: PatternNode = { type: 'character', test: alphabet.escapedClasses.v ?? (() => false) };
  const branches: PatternNode[] = [{ type: 'sequence', items: [one(0x0d), one(0x0a)] }, vertical];
  return { type: 'atomic', item: { type: 'choice', branches } };
}

/** `\p{Lu}`, `\pL`, `\P{Greek}`, `\p{^Lu}`. */
export function propertyTest(reader: PatternReader): CharacterTest | undefined {
  const offset = reader.offset();
  const [whole, letter, negation, name = '', short = ''] =
    reader.takeGroups(/\\([pP])(?:\{(\^?)([A-Za-z_&]+)\}|([A-Z]))/y) ?? [];
  if (whole === undefined) return undefined;
  const test = unicodeProperty(name === '' ? short : name);
  if (test === undefined) throw new PatternError(`${whole} is no property that is known here`, offset);
  return (letter === 'P') !== (negation === '^') ? not(test) : test;
}

const referenceForm =
  /\\(?:([1-9](?!\d)|[89]\d+)|g(-?\d+)|g\{(-?\d+)\}|g\{([A-Za-z_]\w*)\}|k(?:<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)'|\{([A-Za-z_]\w*)\}))/y;

/** What a group has matched. */
function parseReference(reader: PatternReader, ignoresCase: boolean): PatternNode | undefined {
  const offset = reader.offset();
  const found = reader.takeGroups(referenceForm);
  if (found === undefined) return undefined;
  const [, plain, short, braced, ...names] = found;
  const number = plain ?? short ?? braced;
  if (number === undefined) return namedReference(reader, names.find(Boolean) ?? '', ignoresCase, offset);
  const group = Number(number) < 0 ? reader.groups.count + 1 + Number(number) : Number(number);
  if (group < 1) throw new PatternError(`there is no group ${number} here`, offset);
  reader.references.push({ group, offset });
  return referenceTo(reader, group, ignoresCase);
}

/**
 * What the group of a name has matched.
 * @throws PatternError if no such group stands before it
 */
export function namedReference(reader: PatternReader, name: string, ignoresCase: boolean, offset: number): PatternNode {
  const group = reader.groups.names.get(name);
  if (group === undefined) throw new PatternError(`there is no group ${name} before this`, offset);
  return referenceTo(reader, group, ignoresCase);
}

function referenceTo({ alphabet: { casesOf } }: PatternReader, group: number, ignoresCase: boolean): PatternNode {
  const isSame = (one: number, other: number) =>
    one === other || (ignoresCase && casesOf(one).some((code) => casesOf(other).includes(code)));
  return { type: 'reference', group, isSame };
}

/** An escape that stands for one character, in and out of classes. */
export function escapedCode(reader: PatternReader): number {
  const offset = reader.offset();
  const found = reader.takeGroups(
    /\\(?:x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{0,2})|o\{([0-7]{1,7})\}|([0-7]{1,3})|c([ -~])|([aefnrt])|([^A-Za-z0-9]))/uy,
  );
  if (found === undefined) {
    const what = reader.peekMatch(/\\./suy);
    throw new PatternError(
      what === undefined ? 'a backslash stands at the end' : `${what} has no meaning here`,
      offset,
    );
  }
  const [, long, hexadecimal, octal, digits, control, letter, other] = found as (string | undefined)[];
  if (digits !== undefined && !digits.startsWith('0') && Number(digits) <= reader.groups.count) {
    throw new PatternError(`write \\g{${digits}} for what a group has matched`, offset);
  }
  const code =
    (long ?? hexadecimal) !== undefined
      ? Number.parseInt(`0${long ?? hexadecimal}`, 16)
      : (octal ?? digits) !== undefined
        ? Number.parseInt(octal ?? digits ?? '', 8)
        : control !== undefined
          ? control.toUpperCase().charCodeAt(0) ^ 0x40
          : letter !== undefined
            ? (escapedCharacters[letter] ?? 0)
            : (other?.codePointAt(0) ?? 0);
  if (code > reader.alphabet.mostCode) throw new PatternError('this is no character', offset);
  return code;
}
