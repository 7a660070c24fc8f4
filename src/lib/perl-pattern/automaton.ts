import { type CharacterTest, PatternError, type PatternNode } from './syntax.ts';

/** What matching may still take, over all patterns: so it ends, and stays small, whatever the patterns are. */
export interface MatchBudget {
  /** Steps. */
  steps: number;
  /** Numbers that are kept, of what was found out. */
  memory: number;
}

/** A pattern that can be matched, also piece by piece: what has the same beginning is matched with it once. */
export interface Automaton {
  /** Before the first byte. */
  start(budget: MatchBudget): State;
  /**
   * Takes the bytes of a text between two places, which are not its last ones.
   * @param text a character a byte
   * @returns undefined if nothing that begins so matches
   * @throws RangeError if no steps are left
   */
  advance(state: State, text: string, from: number, to: number, budget: MatchBudget): State | undefined;
  /** Whether a text matches of which a state has taken all bytes before a place. Throws as {@link Automaton.advance}. */
  matchesRest(state: State, text: string, from: number, budget: MatchBudget): boolean;
}

/** A pattern with counted repeats in each other could become larger than any memory. */
const mostInstructions = 10_000;
/** To find out what can be reached takes so many times of what it takes to look it up. */
const dearSteps = 20;

type Instruction =
  | { kind: 'byte'; byte: number }
  /** 1 at the index of each byte that it takes. */
  | { kind: 'set'; set: Uint8Array }
  | { kind: 'fork'; first: number; second: number }
  | { kind: 'start' }
  | { kind: 'end' }
  | { kind: 'match' };

/** Where matching may stand after some bytes. */
export interface State {
  /** Instructions that take the next byte, or stand at an end. */
  places: readonly number[];
  /** True if the pattern matches whatever follows. */
  isMatch: boolean;
  /** True if it matches where the text ends. */
  isMatchAtEnd: boolean;
  next: Map<number, State>;
}

/**
 * Makes an automaton of an expression for bytes. Time for a match grows with the text's length: all ways to match are followed at once,
 * and what was found out once is remembered.
 * @returns undefined for an expression that takes backtracking: with references, looks around, what is not tried otherwise
 * @throws PatternError for one that would be too large
 */
export function automatonOf(pattern: PatternNode): Automaton | undefined {
  if (!isRegular(pattern)) return undefined;
  const program = compile(pattern);
  const states = new Map<string, State>();
  let initial: State | undefined;

  /** What can be reached from some instructions without a byte. */
  function stateOf(from: readonly number[], isStart: boolean, budget: MatchBudget): State {
    const places = reach(from, ({ kind }) => isStart && kind === 'start', budget);
    const key = places.join(' ');
    const known = isStart ? undefined : states.get(key);
    if (known !== undefined) return known;
    const passesEnd = ({ kind }: Instruction) => kind === 'end' || (isStart && kind === 'start');
    const isMatch = places.some((place) => program[place]?.kind === 'match');
    // A place at the end is reached by what is remembered alone: the same places, the same answer.
    const isMatchAtEnd = reach(from, passesEnd, budget).some((place) => program[place]?.kind === 'match');
    const state = { places, isMatch, isMatchAtEnd, next: new Map<number, State>() };
    if (!isStart && budget.memory > places.length) {
      budget.memory -= places.length + 1;
      states.set(key, state);
    }
    return state;
  }

  function reach(from: readonly number[], passes: (at: Instruction) => boolean, budget: MatchBudget): number[] {
    const seen = new Set<number>();
    const left = [...from];
    for (let place = left.pop(); place !== undefined; place = left.pop()) {
      if (seen.has(place)) continue;
      seen.add(place);
      const instruction = program[place] as Instruction;
      if (instruction.kind === 'fork') left.push(instruction.first, instruction.second);
      else if (passes(instruction)) left.push(place + 1);
    }
    spend(budget, (seen.size + from.length + 1) * dearSteps);
    return [...seen].filter((place) => program[place]?.kind !== 'fork').sort((a, b) => a - b);
  }

  function after(state: State, byte: number, budget: MatchBudget): State {
    const from: number[] = [];
    for (const place of state.places) {
      const instruction = program[place] as Instruction;
      const takes =
        instruction.kind === 'byte'
          ? instruction.byte === byte
          : instruction.kind === 'set' && instruction.set[byte] === 1;
      if (takes) from.push(place + 1);
    }
    spend(budget, state.places.length);
    const next = stateOf(from, false, budget);
    if (budget.memory > 0) {
      budget.memory--;
      state.next.set(byte, next);
    }
    return next;
  }

  function advance(from: State, text: string, begin: number, end: number, budget: MatchBudget): State | undefined {
    let state = from;
    for (let at = begin; at < end && !state.isMatch; at++) {
      if (state.places.length === 0) return undefined;
      spend(budget, 1);
      const byte = text.charCodeAt(at);
      state = state.next.get(byte) ?? after(state, byte, budget);
    }
    return state.places.length === 0 ? undefined : state;
  }

  return {
    start(budget) {
      initial ??= stateOf([0], true, budget);
      return initial;
    },
    advance,
    matchesRest(from, text, begin, budget) {
      if (!text.endsWith('\n') || begin === text.length) {
        const state = advance(from, text, begin, text.length, budget);
        return state !== undefined && (state.isMatch || state.isMatchAtEnd);
      }
      const before = advance(from, text, begin, text.length - 1, budget);
      if (before === undefined || before.isMatch || before.isMatchAtEnd) return before !== undefined;
      const state = advance(before, text, text.length - 1, text.length, budget);
      return state !== undefined && (state.isMatch || state.isMatchAtEnd);
    },
  };
}

function spend(budget: MatchBudget, steps: number): void {
  budget.steps -= steps;
  if (budget.steps < 0) throw new RangeError('matching takes too many steps');
}

function isRegular(node: PatternNode): boolean {
  switch (node.type) {
    case 'character':
      return true;
    case 'place':
      return node.place !== 'other';
    case 'sequence':
      return node.items.every(isRegular);
    case 'choice':
      return node.branches.every(isRegular);
    case 'repeat':
    case 'group':
      return isRegular(node.item);
    default:
      return false;
  }
}

const knownSets = new WeakMap<CharacterTest, Uint8Array>();

/** The bytes that pass a test. */
function setOf(test: CharacterTest): Uint8Array {
  const set = knownSets.get(test) ?? Uint8Array.from({ length: 256 }, (_, byte) => (test(byte) ? 1 : 0));
  knownSets.set(test, set);
  return set;
}

function compile(pattern: PatternNode): Instruction[] {
  const program: Instruction[] = [];

  function emit(instruction: Instruction): void {
    if (program.length >= mostInstructions) throw new PatternError('it is too large, with all that it repeats', 0);
    program.push(instruction);
  }

  /** A fork whose ways are settled later. */
  function fork(first: number): { kind: 'fork'; first: number; second: number } {
    const open = { kind: 'fork' as const, first, second: first };
    emit(open);
    return open;
  }

  function add(node: PatternNode): void {
    switch (node.type) {
      case 'character':
        emit(node.code === undefined ? { kind: 'set', set: setOf(node.test) } : { kind: 'byte', byte: node.code });
        return;
      case 'place':
        emit({ kind: node.place === 'begin' ? 'start' : 'end' });
        return;
      case 'sequence':
        for (const each of node.items) add(each);
        return;
      case 'choice':
        addChoice(node.branches);
        return;
      case 'repeat':
        addRepeat(node);
        return;
      case 'group':
        add(node.item);
        return;
      default:
        throw new RangeError(`an automaton cannot do what is ${node.type}`);
    }
  }

  function addChoice(branches: readonly PatternNode[]): void {
    const ends: { first: number; second: number }[] = [];
    for (const [index, branch] of branches.entries()) {
      const isLast = index === branches.length - 1;
      const way = isLast ? undefined : fork(program.length + 1);
      add(branch);
      if (!isLast) ends.push(fork(program.length));
      if (way !== undefined) way.second = program.length;
    }
    for (const end of ends) {
      end.first = program.length;
      end.second = program.length;
    }
  }

  /** Whether as much or as little as possible is taken changes nothing about whether all of it matches. */
  function addRepeat({ item, min, max }: Pick<PatternNode & { type: 'repeat' }, 'item' | 'min' | 'max'>): void {
    for (let count = 0; count < min; count++) {
      const before = program.length;
      add(item);
      // Nothing, however often.
      if (program.length === before) break;
    }
    if (max === Number.POSITIVE_INFINITY) {
      const top = program.length;
      const branch = fork(top + 1);
      add(item);
      emit({ kind: 'fork', first: top, second: top });
      branch.second = program.length;
      return;
    }
    const branches = [];
    for (let count = min; count < max; count++) {
      branches.push(fork(program.length + 1));
      add(item);
    }
    for (const branch of branches) branch.second = program.length;
  }

  // A pattern may begin anywhere, unless all of it stands behind the start.
  if (!beginsAtStart(pattern)) {
    addRepeat({ item: { type: 'character', test: () => true }, min: 0, max: Number.POSITIVE_INFINITY });
  }
  add(pattern);
  emit({ kind: 'match' });
  return program;
}

function beginsAtStart(node: PatternNode): boolean {
  switch (node.type) {
    case 'place':
      return node.place === 'begin';
    case 'sequence':
      return node.items[0] !== undefined && beginsAtStart(node.items[0]);
    case 'choice':
      return node.branches.every(beginsAtStart);
    case 'group':
      return beginsAtStart(node.item);
    default:
      return false;
  }
}
