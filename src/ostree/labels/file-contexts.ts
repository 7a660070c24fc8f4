import { CosaError } from '../../lib/errors.ts';
import { type Automaton, compileBytePattern, PatternError } from '../../lib/perl-pattern.ts';
import { printable } from '../../lib/printable.ts';

/** What a path can be, for a policy. */
export type FileKind = 'file' | 'directory' | 'symlink' | 'block' | 'character' | 'fifo' | 'socket';

/** A line of file_contexts. */
export interface ContextRule {
  /** Undefined where it counts for all. */
  kind: FileKind | undefined;
  /** Undefined where what it matches gets no label. */
  context: string | undefined;
  /** The one path that it is for, or how paths match and what all of them begin with. */
  match: { path: string } | { automaton: Automaton; prefix: string };
}

/** Files of a policy have half a megabyte, and 6,000 lines. */
export const mostContextBytes = 8 << 20;
const mostRules = 100_000;
/** libselinux compiles none that is longer. */
const longestPattern = 4095;
/** Every inode has one in its extended attributes. */
const longestContext = 1024;

const kinds: ReadonlyMap<string, FileKind> = new Map([
  ['--', 'file'],
  ['-d', 'directory'],
  ['-l', 'symlink'],
  ['-b', 'block'],
  ['-c', 'character'],
  ['-p', 'fifo'],
  ['-s', 'socket'],
]);

/**
 * Parses a file of file_contexts(5).
 * @param file its path, for messages
 * @throws CosaError `SELINUX_POLICY` for a line that libselinux would not load, or a pattern that is not supported
 */
export function parseFileContexts(content: Uint8Array, file: string): ContextRule[] {
  if (content.length > mostContextBytes) {
    throw policyError(file, undefined, `has ${content.length} bytes; ${mostContextBytes} are accepted`);
  }
  const rules: ContextRule[] = [];
  for (const [index, line] of Buffer.from(content).toString('latin1').split('\n').entries()) {
    const words = line.split(/[ \t\v\f\r]+/).filter((word) => word !== '');
    const [pattern, second, third] = words;
    if (pattern === undefined || pattern.startsWith('#')) continue;
    const problem = (what: string) => policyError(file, index + 1, what);
    if (second === undefined) throw problem(`has no context for ${printable(pattern)}`);
    const context = third ?? second;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what libselinux reads is in ASCII
    if (/[^\x01-\x7f]/.test(`${pattern}${second}${context}`)) throw problem('has characters that are not ASCII');
    const kind = third === undefined ? undefined : kinds.get(second);
    if (third !== undefined && kind === undefined) throw problem(`has the unknown file type ${printable(second)}`);
    if (context.length > longestContext) throw problem(`has a context of ${context.length} characters`);
    if (rules.length >= mostRules) throw problem(`is one of more than ${mostRules}`);
    rules.push({
      kind,
      context: context === '<<none>>' ? undefined : context,
      match: matchOf(pattern, (what) => problem(`has a pattern that cannot be used, ${printable(pattern)}: ${what}`)),
    });
  }
  return rules;
}

/** The error for a policy that cannot be used. */
export function policyError(file: string, line: number | undefined, what: string): CosaError {
  const place = line === undefined ? file : `line ${line} of ${file}`;
  return new CosaError('SELINUX_POLICY', `${place} ${what}`, {
    where: { file, ...(line === undefined ? {} : { line }) },
    hint: 'correct the policy of the container, or set "selinux: false" in the treefile to build without labels',
  });
}

function matchOf(text: string, problem: (what: string) => CosaError): ContextRule['match'] {
  const path = literalOf(text);
  if (path !== undefined) return { path };
  if (text.length > longestPattern) throw problem(`it has ${text.length} characters; ${longestPattern} are accepted`);
  try {
    const { automaton, prefix } = compileBytePattern(`^${text}$`);
    // Of several ways the first alone is bound to the start; libselinux looks at the directories before it for all.
    return { automaton, prefix: prefix ?? stemOf(text) };
  } catch (error) {
    if (error instanceof PatternError) throw problem(error.message);
    throw error;
  }
}

/** Behind a backslash these are text, as libselinux has it; others make a pattern. */
const meta = '.^$?*+|[({])}';
const escapable = `${meta}-_,`;

/** The text that a pattern without any special character stands for. */
function literalOf(pattern: string): string | undefined {
  let literal = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string;
    if (meta.includes(character)) return undefined;
    if (character !== '\\') {
      literal += character;
      continue;
    }
    const behind = pattern[++at];
    if (behind === undefined || !escapable.includes(behind)) return undefined;
    literal += behind;
  }
  return literal;
}

/** Directories with which a pattern is kept: three at most. */
function stemOf(text: string): string {
  let stem = '';
  for (const name of text.split('/').slice(1, -1).slice(0, 3)) {
    const literal = literalOf(name);
    if (literal === undefined) break;
    stem += `/${literal}`;
  }
  return stem === '' ? '' : `${stem}/`;
}
