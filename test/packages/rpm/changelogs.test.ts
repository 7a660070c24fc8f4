import { expect, it } from 'vitest';
import { changelogEntries } from '../../../src/packages/rpm/changelogs.ts';
import { tag } from '../../../src/packages/rpm/header/tags.ts';
import type { HeaderValues } from '../../../src/packages/rpm/header/values.ts';

function values(entries: readonly (readonly [number, string | Buffer, string])[]): HeaderValues {
  const bytes = new Map<number, Buffer[]>([
    [tag.changelogNames, entries.map(([, name]) => Buffer.from(name as string))],
    [tag.changelogTexts, entries.map(([, , text]) => Buffer.from(text))],
  ]);
  return {
    has: () => true,
    bytes: () => undefined,
    text: () => undefined,
    texts: () => [],
    byteTexts: (number) => bytes.get(number) ?? [],
    numbers: () => entries.map(([time]) => time),
  };
}

it.each([
  ['Jane Doe <jane@example.com> - 1:2.12-41', 'Jane Doe <jane@example.com>', '1:2.12-41'],
  ['Jane Doe <jane@example.com> 2.12-41', 'Jane Doe <jane@example.com>', '2.12-41'],
  ['Jane Doe <jane@example.com> -2.12-41', 'Jane Doe <jane@example.com>', '2.12-41'],
  ['jane@example.com', 'jane@example.com', ''],
  ['Jane Doe <jane@example.com>', 'Jane Doe <jane@example.com>', ''],
  ['', '', ''],
])('reads whose an entry is, and of which version: %j', (name, author, version) => {
  expect(changelogEntries(values([[1, name, '- a\n- b\n']]))).toEqual([{ date: 1, author, version, text: '- a\n- b' }]);
});

it('replaces what is no UTF-8, and bounds how much it keeps', () => {
  const latin1 = Buffer.concat([Buffer.from('J'), Buffer.from([0xe4]), Buffer.from('n - 1')]);
  expect(changelogEntries(values([[1, latin1, 'x']]))).toEqual([{ date: 1, author: 'J�n', version: '1', text: 'x' }]);
  const many = Array.from({ length: 30 }, (_, index) => [30 - index, `a - ${30 - index}`, 'x'.repeat(5000)] as const);
  const kept = changelogEntries(values(many));
  expect(kept).toHaveLength(12);
  expect(kept[0]).toEqual({ date: 30, author: 'a', version: '30', text: `${'x'.repeat(2000)}…` });
});
