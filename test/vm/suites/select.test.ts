import { expect, test } from 'vitest';
import { selectTests } from '../../../src/vm/suites/select.ts';
import type { TestSuite } from '../../../src/vm/suites/system-test.ts';
import { suites } from '../../../src/vm/suites.ts';

function suite(name: string, tests: readonly string[]): TestSuite {
  const made = tests.map((test) => ({ name: test, claim: test, run: () => Promise.resolve() }));
  return { name, summary: name, provisioning: {}, tests: made };
}

const given = [suite('basic', ['ssh', 'reboot', 'read-only-usr']), suite('update', ['reboot', 'rollback'])];

test.each<[string[], string[]]>([
  [['basic'], ['basic: ssh reboot read-only-usr (all)']],
  [['ssh'], ['basic: ssh']],
  [['basic.ssh'], ['basic: ssh']],
  // In the suite's order, whatever the patterns' order, and each once.
  [
    ['reboot', 'ssh', 'basic.reboot'],
    ['basic: ssh reboot', 'update: reboot'],
  ],
  [['*'], ['basic: ssh reboot read-only-usr (all)', 'update: reboot rollback (all)']],
  [['update.r*'], ['update: reboot rollback (all)']],
  [['*only*'], ['basic: read-only-usr']],
  [[], []],
])('%j', (patterns, expected) => {
  const selections = selectTests(given, patterns).map(
    ({ suite, tests, complete }) =>
      `${suite.name}: ${tests.map(({ name }) => name).join(' ')}${complete ? ' (all)' : ''}`,
  );
  expect(selections).toEqual(expected);
});

test.each([
  ['bsic', 'no test is called "bsic"', 'did you mean basic?'],
  // A dot is a dot.
  ['basic-ssh', 'no test is called "basic-ssh"', 'did you mean basic.ssh'],
  ['s.h', 'no test is called "s.h"', 'there are: '],
  ['(', 'no test is called "("', 'there are: basic, basic.ssh, basic.reboot'],
])('an unknown test: %s', (pattern, message, hint) => {
  expect(() => selectTests(given, ['ssh', pattern])).toThrow(
    expect.objectContaining({ code: 'TEST_UNKNOWN', exitStatus: 2, message, hint: expect.stringContaining(hint) }),
  );
});

test('names are unique and can be typed', () => {
  for (const { name, tests, summary } of suites) {
    expect(summary).not.toBe('');
    const names = [name, ...tests.map((test) => test.name)];
    expect(new Set(names).size).toBe(names.length);
    for (const each of names) expect(each).toMatch(/^[a-z][a-z-]*$/);
  }
});
