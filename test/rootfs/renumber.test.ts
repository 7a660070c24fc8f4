import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Account } from '../../src/lib/accounts.ts';
import { planRenumbering } from '../../src/rootfs/renumber.ts';

const account = (name: string, id: number): Account => ({ name, ids: [id] });
const expecting = (...accounts: Account[]) => ({
  accounts,
  origin: 'the previous build',
  ignoreRemoved: [],
  bringsMissing: false,
});

describe('planRenumbering', () => {
  it('changes nothing where all is as expected', () => {
    const accounts = [account('root', 0), account('sshd', 990)];
    expect(planRenumbering('user', accounts, expecting(...accounts))).toEqual(new Map());
  });

  it('swaps two numbers', () => {
    const plan = planRenumbering(
      'user',
      [account('a', 998), account('b', 997)],
      expecting(account('a', 997), account('b', 998)),
    );
    expect(plan).toEqual(
      new Map([
        [998, 997],
        [997, 998],
      ]),
    );
  });

  it('moves a new account out of the way, to a number that nobody has or is to have', () => {
    const plan = planRenumbering('user', [account('new', 998), account('old', 997)], {
      ...expecting(account('old', 998), account('gone', 996)),
      ignoreRemoved: ['gone'],
    });
    expect(plan).toEqual(
      new Map([
        [997, 998],
        [998, 999],
      ]),
    );
  });

  it.each([
    [['gone'], [], 'the user gone of the previous build is gone', 'name it in ignore-removed-users'],
    [['a', 'b'], [], 'the users a, b of the previous build are gone', 'name them in ignore-removed-users'],
    [['a', 'b'], ['a'], 'the user b of the previous build is gone', 'name it in ignore-removed-users'],
  ])('refuses that %j vanish', (names, ignoreRemoved, message, hint) => {
    const expected = { ...expecting(...names.map((name, index) => account(name, 900 + index))), ignoreRemoved };
    expect(() => planRenumbering('user', [account('root', 0)], expected)).toThrow(
      expect.objectContaining({ code: 'ACCOUNT_REMOVED', message, hint: expect.stringContaining(hint) }),
    );
  });

  it('lets all vanish that * stands for', () => {
    const expected = { ...expecting(account('gone', 5)), ignoreRemoved: ['*'] };
    expect(planRenumbering('group', [], expected)).toEqual(new Map());
  });

  it('refuses to part accounts that share a number', () => {
    const present = [account('root', 0), account('toor', 0)];
    expect(() => planRenumbering('user', present, expecting(account('root', 0), account('toor', 5)))).toThrow(
      expect.objectContaining({
        code: 'ACCOUNT_NUMBER_SHARED',
        message: 'two users share the number 0, but the previous build expects 0 and 5 of them',
      }),
    );
  });

  it('gives every expected account its number, and no two accounts the same', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const numbers = fc.uniqueArray(fc.integer({ min: 100, max: 110 }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(numbers, numbers, fc.integer({ min: 0, max: 6 }), (now, before, known) => {
        const present = names.map((name, index) => account(name, now[index] ?? 0));
        const expected = names.slice(0, known).map((name, index) => account(name, before[index] ?? 0));
        const plan = planRenumbering('user', present, expecting(...expected));
        const after = present.map(({ name, ids: [id = 0] }) => account(name, plan.get(id) ?? id));
        expect(new Set(after.map(({ ids }) => ids[0])).size).toBe(names.length);
        expect(after.slice(0, known)).toEqual(expected);
      }),
    );
  });

  it('gives a system account a free number of the system, and never a person', () => {
    const number = fc.oneof(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 100, max: 104 }));
    const accounts = fc.uniqueArray(number, { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(accounts, accounts, fc.nat(12), (now, before, known) => {
        const present = now.map((id, index) => account(`u${index}`, id));
        const expected = present.slice(0, known).flatMap(({ name }, index) => {
          const id = before[index];
          return id === undefined ? [] : [account(name, id)];
        });
        const plan = planRenumbering('user', [...present, account('core', 1000)], expecting(...expected));
        const after = present.map(({ ids: [id = 0] }) => plan.get(id) ?? id);
        expect(new Set(after).size).toBe(present.length);
        expect(after.every((id) => id >= 1 && id <= 999)).toBe(true);
        expect(plan.has(1000)).toBe(false);
        const moved = present.filter(
          ({ name, ids: [id = 0] }) => plan.has(id) && !expected.some((e) => e.name === name),
        );
        expect(moved.every(({ ids: [id = 0] }) => (plan.get(id) ?? 0) >= 100)).toBe(true);
      }),
    );
  });

  it('moves a person on among people', () => {
    const present = [account('core', 1000), account('old', 1001), account('new', 1002)];
    expect(planRenumbering('user', present, expecting(account('old', 1000)))).toEqual(
      new Map([
        [1001, 1000],
        [1000, 1003],
      ]),
    );
  });

  it('says when no number is left', () => {
    const all = Array.from({ length: 900 }, (_, index) => account(`u${index}`, 100 + index));
    const present = [...all, account('old', 50)];
    expect(() => planRenumbering('group', present, expecting(account('old', 100)))).toThrow(
      expect.objectContaining({
        code: 'ACCOUNT_NUMBERS_EXHAUSTED',
        message: 'no number from 100 to 999 is left for the group u0',
      }),
    );
  });
});
