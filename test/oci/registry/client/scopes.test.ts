import { expect, test } from 'vitest';
import { covers, formatScopes, grantsOf } from '../../../../src/oci/registry/client/scopes.ts';

const pull = { repository: 'os/example', access: 'pull' } as const;
const push = { repository: 'os/example', access: 'push' } as const;
const other = { repository: 'os/base', access: 'pull' } as const;

test.each([
  ['reading', [pull], '', ['repository:os/example:pull']],
  ['writing, which reads', [push], '', ['repository:os/example:pull,push']],
  ['deleting', [{ ...pull, access: 'delete' as const }], '', ['repository:os/example:delete,pull']],
  ['a mount', [push, other], '', ['repository:os/base:pull', 'repository:os/example:pull,push']],
  ['the same twice', [pull, push], '', ['repository:os/example:pull,push']],
  [
    'more that is demanded',
    [pull],
    'repository:os/example:delete registry:catalog:*',
    ['registry:catalog:*', 'repository:os/example:delete,pull'],
  ],
  [
    'a name with a colon',
    [],
    'repository:registry.test:5000/os:pull,push',
    ['repository:registry.test:5000/os:pull,push'],
  ],
  ['demands that are none', [pull], 'nonsense  repo\u0000:x:pull', ['repository:os/example:pull']],
  ['nothing: a login', [], '', []],
])('asks for %s', (_what, scopes, demanded, expected) => {
  expect(formatScopes(grantsOf(scopes, demanded))).toEqual(expected);
});

test('a token for more is good for less, and not the other way', () => {
  expect(covers(grantsOf([push, other]), grantsOf([pull]))).toBe(true);
  expect(covers(grantsOf([pull]), grantsOf([push]))).toBe(false);
  expect(covers(grantsOf([pull]), grantsOf([other]))).toBe(false);
});
