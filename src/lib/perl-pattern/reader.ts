import type { Alphabet } from './alphabet.ts';
import { PatternError } from './syntax.ts';

/** What `(?imsxU)` switches. */
export interface Flags {
  ignoresCase: boolean;
  multiline: boolean;
  dotAll: boolean;
  extended: boolean;
  isUngreedy: boolean;
}

export const noFlags: Flags = {
  ignoresCase: false,
  multiline: false,
  dotAll: false,
  extended: false,
  isUngreedy: false,
};

/** An expression that is being read from its begin to its end. */
export interface PatternReader {
  alphabet: Alphabet;
  groups: { count: number; names: Map<string, number> };
  /** Groups that are referred to, and where. */
  references: { group: number | string; offset: number }[];
  offset(): number;
  isAtEnd(): boolean;
  peek(): string | undefined;
  /** Whether the text stands at an offset. */
  wasAt(offset: number, text: string): boolean;
  /** Takes the text if it comes next. */
  take(text: string): boolean;
  takeCodePoint(): number;
  /** Takes what comes next and stands for itself, most of many expressions: undefined for nothing of the kind. */
  takePlain(flags: Flags): number[] | undefined;
  /** For sticky expressions: takes what comes next and matches. */
  takeGroups(form: RegExp): RegExpExecArray | undefined;
  takeMatch(form: RegExp): string | undefined;
  peekMatch(form: RegExp): string | undefined;
  /** Goes behind the next such text; false if there is none. */
  skipThrough(text: string): boolean;
  /** Takes the rest. */
  skipToEnd(): string;
  error(message: string): PatternError;
}

/** Characters that have no meaning of their own, and which nothing behind repeats. */
const plain = /[A-Za-z0-9/_,@%:=~-]+(?![*+?{])/y;

export function patternReader(source: string, alphabet: Alphabet): PatternReader {
  let at = 0;
  const exec = (form: RegExp) => {
    form.lastIndex = at;
    return form.exec(source) ?? undefined;
  };
  const takeGroups = (form: RegExp) => {
    const found = exec(form);
    at += found?.[0].length ?? 0;
    return found;
  };
  return {
    alphabet,
    groups: { count: 0, names: new Map() },
    references: [],
    offset: () => at,
    isAtEnd: () => at >= source.length,
    peek: () => source[at],
    wasAt: (offset, text) => source.startsWith(text, offset),
    take(text) {
      if (!source.startsWith(text, at)) return false;
      at += text.length;
      return true;
    },
    takeCodePoint() {
      const code = source.codePointAt(at) ?? 0;
      at += code > 0xffff ? 2 : 1;
      return code;
    },
    takePlain({ ignoresCase, extended }) {
      if (ignoresCase || extended) return undefined;
      const text = takeGroups(plain)?.[0];
      return text === undefined ? undefined : Array.from(text, (character) => character.codePointAt(0) ?? 0);
    },
    takeGroups,
    takeMatch: (form) => takeGroups(form)?.[0],
    peekMatch: (form) => exec(form)?.[0],
    skipThrough(text) {
      const found = source.indexOf(text, at);
      if (found === -1) return false;
      at = found + text.length;
      return true;
    },
    skipToEnd() {
      const rest = source.slice(at);
      at = source.length;
      return rest;
    },
    error: (message) => new PatternError(message, at),
  };
}
