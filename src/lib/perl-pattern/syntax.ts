/** Whether a character is one that a place of an expression takes; by code point. */
export type CharacterTest = (code: number) => boolean;

/** A part of an expression. Positions in texts count code points. */
export type PatternNode =
  /** With its number where it is one character and no other. */
  | { type: 'character'; test: CharacterTest; code?: number }
  | { type: 'sequence'; items: readonly PatternNode[] }
  | { type: 'choice'; branches: readonly PatternNode[] }
  | { type: 'repeat'; item: PatternNode; min: number; max: number; isLazy: boolean }
  | { type: 'group'; index: number; item: PatternNode }
  /** What has matched once is not tried otherwise. */
  | { type: 'atomic'; item: PatternNode }
  | { type: 'ahead'; item: PatternNode; isNegative: boolean }
  /** Each branch with the number of characters that it has. */
  | { type: 'behind'; branches: readonly { item: PatternNode; length: number }[]; isNegative: boolean }
  /**
   * A place between characters: `begin` is before all of them, `end` behind all or before a line feed that is the last, and
   * `other` what the test says.
   */
  | { type: 'place'; place: 'begin' | 'end' | 'other'; test: (text: readonly number[], at: number) => boolean }
  | { type: 'reference'; group: number; isSame: (one: number, other: number) => boolean };

/** What is wrong with an expression, and where. */
export class PatternError extends Error {
  /** Of the character, from 1. */
  readonly column: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'PatternError';
    this.column = offset + 1;
  }
}

/** How many characters a part always has; `undefined` where that is not always the same. */
export function fixedLength(node: PatternNode): number | undefined {
  switch (node.type) {
    case 'character':
      return 1;
    case 'place':
    case 'ahead':
    case 'behind':
      return 0;
    case 'group':
    case 'atomic':
      return fixedLength(node.item);
    case 'sequence':
      return node.items.reduce((sum: number | undefined, item) => {
        const length = fixedLength(item);
        return sum === undefined || length === undefined ? undefined : sum + length;
      }, 0);
    case 'choice': {
      const lengths = new Set(node.branches.map(fixedLength));
      return lengths.size === 1 ? [...lengths][0] : undefined;
    }
    case 'repeat': {
      const length = fixedLength(node.item);
      return length === undefined || node.min !== node.max ? undefined : length * node.min;
    }
    case 'reference':
      return undefined;
  }
}
