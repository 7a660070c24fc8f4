import type { Alphabet } from './alphabet.ts';
import { parseBrackets } from './parse-brackets.ts';
import { characterNode, lineBegin, lineEnd, namedReference, parseEscape } from './parse-escape.ts';
import { type Flags, noFlags, type PatternReader, patternReader } from './reader.ts';
import { fixedLength, PatternError, type PatternNode } from './syntax.ts';

/** Groups in groups: each level has calls of its own. */
const maximumDepth = 250;
const maximumRepeat = 65_535;

/** An expression that was read. */
export interface ParsedPattern {
  root: PatternNode;
  /** How many groups capture. */
  groups: number;
}

interface Parser {
  reader: PatternReader;
  flags: Flags;
  depth: number;
}

/**
 * Reads an expression.
 * @param dotAll whether a dot takes line ends, too, unless the expression says otherwise
 * @returns the whole, and how many groups capture
 * @throws PatternError
 */
export function parsePattern(source: string, alphabet: Alphabet, dotAll: boolean): ParsedPattern {
  const reader = patternReader(withoutQuotes(source), alphabet);
  const parser: Parser = { reader, flags: { ...noFlags, dotAll }, depth: 0 };
  const root = parseBranches(parser);
  if (!reader.isAtEnd()) throw reader.error('this ")" closes no group');
  for (const { group, offset } of reader.references) {
    const exists = typeof group === 'number' ? group <= reader.groups.count : reader.groups.names.has(group);
    if (!exists) throw new PatternError(`there is no group ${group}`, offset);
  }
  return { root, groups: reader.groups.count };
}

/** Between `\Q` and `\E`, every character is meant itself. */
function withoutQuotes(source: string): string {
  if (!/\\[QE]/.test(source)) return source;
  return source.replace(/\\Q(.*?)(?:\\E|$)|\\E|\\./gsu, (whole, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted.replace(/[^\p{L}\p{N}]/gu, '\\$&');
    return whole === '\\E' ? '' : whole;
  });
}

/** Up to the end of the group. Flags that are set in it end with it. */
function parseBranches(parser: Parser): PatternNode {
  const { reader, flags } = parser;
  parser.depth++;
  if (parser.depth > maximumDepth) throw reader.error('groups are nested too deeply');
  const branches = [parseBranch(parser)];
  while (reader.take('|')) branches.push(parseBranch(parser));
  parser.flags = flags;
  parser.depth--;
  const [only] = branches;
  return branches.length === 1 && only !== undefined ? only : { type: 'choice', branches };
}

function parseBranch(parser: Parser): PatternNode {
  const { reader } = parser;
  const items: PatternNode[] = [];
  for (;;) {
    const plain = reader.takePlain(parser.flags);
    if (plain !== undefined) {
      items.push(...plain.map((code) => characterNode(reader.alphabet, code, false)));
      continue;
    }
    skipIgnored(parser);
    if (reader.isAtEnd() || reader.peek() === '|' || reader.peek() === ')') break;
    const begin = reader.offset();
    const atom = parseAtom(parser);
    if (atom === undefined) continue;
    skipIgnored(parser);
    items.push(parseQuantifier(parser, atom, begin));
  }
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : { type: 'sequence', items };
}

/** Comments, and with `x` blanks and what follows a `#`. */
function skipIgnored({ reader, flags }: Parser): void {
  for (;;) {
    if (reader.take('(?#')) {
      if (!reader.skipThrough(')')) throw reader.error('the comment has no ")"');
    } else if (flags.extended && reader.takeMatch(/\s+/y) !== undefined) {
      // Nothing more.
    } else if (flags.extended && reader.peek() === '#') {
      if (!reader.skipThrough('\n')) reader.skipToEnd();
    } else {
      return;
    }
  }
}

/** @returns `undefined` for what only sets flags */
function parseAtom(parser: Parser): PatternNode | undefined {
  const { reader, flags } = parser;
  const begin = reader.offset();
  if (reader.take('(')) return parseGroup(parser, begin);
  if (reader.take('[')) return { type: 'character', test: parseBrackets(reader, flags.ignoresCase, begin) };
  if (reader.peek() === '\\') return parseEscape(reader, flags);
  if (reader.take('.')) return { type: 'character', test: flags.dotAll ? anyCharacter : reader.alphabet.notLineEnd };
  if (reader.take('^')) return lineBegin(flags);
  if (reader.take('$')) return lineEnd(flags);
  const quantifier = reader.takeMatch(/[*+?]|\{\d+(?:,\d*)?\}/y);
  if (quantifier !== undefined) throw new PatternError(`nothing stands before "${quantifier}"`, begin);
  return characterNode(reader.alphabet, reader.takeCodePoint(), flags.ignoresCase);
}

const anyCharacter = () => true;

const unknownGroups: readonly [RegExp, string][] = [
  [/\?\|/y, 'groups that count anew in each branch, (?|…), are not known here: number them yourself'],
  [/\?(?:R|[+-]?\d|&|P>)/y, 'recursion is not known here'],
  [/\?\(/y, 'conditions on groups are not known here: write both branches out'],
  [/\?C/y, 'callouts are not known here'],
  [/\*/y, 'verbs, (*…), are not known here'],
];

function parseGroup(parser: Parser, begin: number): PatternNode | undefined {
  const { reader } = parser;
  for (const [form, message] of unknownGroups) {
    if (reader.takeMatch(form) !== undefined) throw new PatternError(message, begin);
  }
  if (reader.take('?>')) return { type: 'atomic', item: closed(parser, begin) };
  if (reader.take('?=')) return { type: 'ahead', item: closed(parser, begin), isNegative: false };
  if (reader.take('?!')) return { type: 'ahead', item: closed(parser, begin), isNegative: true };
  if (reader.take('?<=')) return behind(closed(parser, begin), false, begin);
  if (reader.take('?<!')) return behind(closed(parser, begin), true, begin);
  const named = reader.takeGroups(/\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/y);
  if (named !== undefined) return capturing(parser, begin, named[1] ?? named[2]);
  const reference = reader.takeGroups(/\?P=([A-Za-z_]\w*)\)/y)?.[1];
  if (reference !== undefined) return namedReference(reader, reference, parser.flags.ignoresCase, begin);
  if (!reader.take('?')) return capturing(parser, begin, undefined);
  return parseFlags(parser, begin);
}

function capturing(parser: Parser, begin: number, name: string | undefined): PatternNode {
  const { groups } = parser.reader;
  const index = ++groups.count;
  if (name !== undefined && groups.names.has(name)) {
    throw new PatternError(`there are two groups of the name ${name}`, begin);
  }
  if (name !== undefined) groups.names.set(name, index);
  return { type: 'group', index, item: closed(parser, begin) };
}

function closed(parser: Parser, begin: number): PatternNode {
  const item = parseBranches(parser);
  if (!parser.reader.take(')')) throw new PatternError('this group has no ")"', begin);
  return item;
}

function behind(item: PatternNode, isNegative: boolean, begin: number): PatternNode {
  const alternatives = item.type === 'choice' ? item.branches : [item];
  const branches = alternatives.map((branch) => {
    const length = fixedLength(branch);
    if (length === undefined) throw new PatternError('what is looked for behind must have one length', begin);
    return { item: branch, length };
  });
  return { type: 'behind', branches, isNegative };
}

const flagNames: Readonly<Record<string, keyof Flags>> = {
  i: 'ignoresCase',
  m: 'multiline',
  s: 'dotAll',
  x: 'extended',
  U: 'isUngreedy',
};

/** `(?i)` for the rest of the group that it stands in, and `(?i:…)` for what it holds. */
function parseFlags(parser: Parser, begin: number): PatternNode | undefined {
  const { reader } = parser;
  const outer = parser.flags;
  const [, reset = '', on = '', off = '', end] = reader.takeGroups(/(\^?)([A-Za-z]*)(?:-([A-Za-z]*))?([:)])/y) ?? [];
  if (end === undefined) throw new PatternError('this is no group that is known here', begin);
  const flags: Flags = { ...(reset === '' ? outer : noFlags) };
  for (const [letters, isOn] of [
    [on, true],
    [off, false],
  ] as const) {
    for (const letter of letters) {
      const name = flagNames[letter];
      if (name === undefined)
        throw new PatternError(`the flag "${letter}" is not known here: i, m, s, x and U are`, begin);
      flags[name] = isOn;
    }
  }
  parser.flags = flags;
  if (end === ')') return undefined;
  const item = closed(parser, begin);
  parser.flags = outer;
  return item;
}

function parseQuantifier(parser: Parser, item: PatternNode, begin: number): PatternNode {
  const { reader, flags } = parser;
  const [whole, sign, least, comma, most] = reader.takeGroups(/([*+?])|\{(\d+)(?:(,)(\d*))?\}/y) ?? [];
  if (whole === undefined) {
    if (reader.takeMatch(/\{,\d+\}/y) !== undefined) {
      throw new PatternError('a count needs its least number: write {0,…}', begin);
    }
    return item;
  }
  if (item.type === 'place' && !reader.wasAt(begin, '('))
    throw new PatternError(`a place cannot be repeated, as ${whole} wants it`, begin);
  const min = sign === undefined ? Number(least) : sign === '+' ? 1 : 0;
  const max = sign === undefined ? countOf(comma, most, min) : sign === '?' ? 1 : Number.POSITIVE_INFINITY;
  if (min > maximumRepeat || (max !== Number.POSITIVE_INFINITY && max > maximumRepeat)) {
    throw new PatternError(`a count may be at most ${maximumRepeat}`, begin);
  }
  if (min > max) throw new PatternError(`the numbers of ${whole} are in the wrong order`, begin);
  const isPossessive = reader.take('+');
  const isLazy = !isPossessive && reader.take('?') !== flags.isUngreedy;
  const repeat: PatternNode = { type: 'repeat', item, min, max, isLazy: isLazy && !isPossessive };
  return isPossessive ? { type: 'atomic', item: { ...repeat, isLazy: false } } : nextQuantifier(parser, repeat, begin);
}

/** Two in a row have no meaning. */
function nextQuantifier({ reader }: Parser, repeat: PatternNode, begin: number): PatternNode {
  const second = reader.peekMatch(/[*+?]|\{\d+(?:,\d*)?\}/y);
  if (second !== undefined) throw new PatternError(`"${second}" follows another quantifier`, begin);
  return repeat;
}

function countOf(comma: string | undefined, most: string | undefined, min: number): number {
  if (comma === undefined) return min;
  return most === undefined || most === '' ? Number.POSITIVE_INFINITY : Number(most);
}
