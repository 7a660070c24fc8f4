import type { PatternNode } from './syntax.ts';

/** Goes on behind a part that has matched. */
type Next = (at: number) => boolean;
/** Tries a part at a place, in all ways in turn, until what follows is content. */
type Try = (at: number, next: Next) => boolean;

interface Search {
  text: readonly number[];
  /** By group: begin and end of what it has matched last. */
  captures: (readonly [number, number] | undefined)[];
  steps: number;
  maximumSteps: number;
}

/**
 * Compiles an expression to a function that searches for it.
 * @param groups the number of capturing groups
 */
export function compileMatcher(
  root: PatternNode,
  groups: number,
): (text: string, maximumSteps: number) => { isFound: boolean; steps: number } {
  const search: Search = { text: [], captures: [], steps: 0, maximumSteps: 0 };
  const attempt = compile(root, search);
  return (text, maximumSteps) => {
    search.text = Array.from(text, (character) => character.codePointAt(0) ?? 0);
    search.steps = 0;
    search.maximumSteps = maximumSteps;
    let isFound = false;
    for (let at = 0; at <= search.text.length && !isFound; at++) {
      search.captures = Array.from({ length: groups + 1 }, () => undefined);
      isFound = attempt(at, () => true);
    }
    return { isFound, steps: search.steps };
  };
}

function step(search: Search): void {
  search.steps++;
  if (search.steps > search.maximumSteps) throw new RangeError('the search takes too many steps');
}

function compile(node: PatternNode, search: Search): Try {
  switch (node.type) {
    case 'character':
      return (at, next) => takes(node, search, at) && next(at + 1);
    case 'sequence':
      return compileSequence(node.items.map((item) => compile(item, search)));
    case 'choice': {
      const branches = node.branches.map((branch) => compile(branch, search));
      return (at, next) => branches.some((branch) => branch(at, next));
    }
    case 'repeat':
      return node.item.type === 'character' ? compileRun(node, node.item, search) : compileRepeat(node, search);
    case 'group':
      return compileGroup(node, search);
    case 'atomic': {
      const item = compile(node.item, search);
      return (at, next) => {
        const end = endOf(item, at);
        return end !== undefined && next(end);
      };
    }
    case 'ahead': {
      const item = compile(node.item, search);
      return (at, next) => (endOf(item, at) === undefined) === node.isNegative && next(at);
    }
    case 'behind': {
      const branches = node.branches.map(({ item, length }) => ({ attempt: compile(item, search), length }));
      return (at, next) => {
        const isThere = branches.some(
          ({ attempt, length }) => length <= at && attempt(at - length, (end) => end === at),
        );
        return isThere !== node.isNegative && next(at);
      };
    }
    case 'place':
      return (at, next) => {
        step(search);
        return node.test(search.text, at) && next(at);
      };
    case 'reference':
      return compileReference(node, search);
  }
}

function takes({ test }: PatternNode & { type: 'character' }, search: Search, at: number): boolean {
  step(search);
  const code = search.text[at];
  return code !== undefined && test(code);
}

function endOf(item: Try, at: number): number | undefined {
  let end: number | undefined;
  item(at, (found) => {
    end = found;
    return true;
  });
  return end;
}

function compileSequence(items: readonly Try[]): Try {
  const from = (index: number, at: number, next: Next): boolean => {
    const item = items[index];
    return item === undefined ? next(at) : item(at, (end) => from(index + 1, end, next));
  };
  return (at, next) => from(0, at, next);
}

/** Of one character each time: without a call inside a call for each. */
function compileRun(
  { min, max, isLazy }: PatternNode & { type: 'repeat' },
  item: PatternNode & { type: 'character' },
  search: Search,
): Try {
  return (at, next) => {
    let end = at;
    const limit = isLazy ? min : max;
    while (end - at < limit && takes(item, search, end)) end++;
    if (end - at < min) return false;
    if (!isLazy) {
      for (; end >= at + min; end--) if (next(end)) return true;
      return false;
    }
    while (!next(end)) {
      if (end - at >= max || !takes(item, search, end)) return false;
      end++;
    }
    return true;
  };
}

function compileRepeat({ item, min, max, isLazy }: PatternNode & { type: 'repeat' }, search: Search): Try {
  const attempt = compile(item, search);
  const from = (count: number, at: number, next: Next): boolean => {
    step(search);
    const once = () =>
      // What has matched nothing would do so for ever: it ends the repetition.
      count < max && attempt(at, (end) => (end > at ? from(count + 1, end, next) : next(end)));
    if (count < min) return once();
    return isLazy ? next(at) || once() : once() || next(at);
  };
  return (at, next) => from(0, at, next);
}

function compileGroup({ index, item }: PatternNode & { type: 'group' }, search: Search): Try {
  const attempt = compile(item, search);
  return (at, next) =>
    attempt(at, (end) => {
      const before = search.captures[index];
      search.captures[index] = [at, end];
      if (next(end)) return true;
      search.captures[index] = before;
      return false;
    });
}

/** What the group has matched; a group that has not matched is nowhere. */
function compileReference({ group, isSame }: PatternNode & { type: 'reference' }, search: Search): Try {
  return (at, next) => {
    const captured = search.captures[group];
    if (captured === undefined) return false;
    const [begin, end] = captured;
    for (let offset = 0; offset < end - begin; offset++) {
      step(search);
      const code = search.text[at + offset];
      if (code === undefined || !isSame(code, search.text[begin + offset] ?? code)) return false;
    }
    return next(at + end - begin);
  };
}
