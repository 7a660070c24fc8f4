import { expect, test } from 'vitest';
import { parseStatOverrides } from '../../src/config/statoverride.ts';

test('reads modes in decimal and octal, set or added', () => {
  const text = '# comment\n\n=288 /etc/sudoers.d/wheel\n2048 /usr/bin/su\n=0700 /var/lib/private/\n=384 /with space\n';
  expect([...parseStatOverrides(text, 'statoverride')]).toEqual([
    ['etc/sudoers.d/wheel', { mode: 0o440, operation: 'set', line: 3 }],
    ['usr/bin/su', { mode: 0o4000, operation: 'add', line: 4 }],
    ['var/lib/private', { mode: 0o700, operation: 'set', line: 5 }],
    ['with space', { mode: 0o600, operation: 'set', line: 6 }],
  ]);
});

test.each([
  ['=288', '"=288" is not an override: expected =MODE /path or MODE /path'],
  ['=288 etc/x', '"=288 etc/x" is not an override: expected =MODE /path or MODE /path'],
  ['=u+s /etc/x', '"=u+s /etc/x" is not an override: expected =MODE /path or MODE /path'],
  ['=+4 /etc/x', '"=+4 /etc/x" is not an override: expected =MODE /path or MODE /path'],
  ['=0788 /etc/x', '0788 is not a mode: at most 4095, or octal with a leading 0'],
  ['=4096 /etc/x', '4096 is not a mode: at most 4095, or octal with a leading 0'],
])('refuses %s', (line, message) => {
  expect(() => parseStatOverrides(`# first\n${line}\n`, 'overlay.d/a/statoverride')).toThrowError(
    expect.objectContaining({
      code: 'CONFIG_STATOVERRIDE',
      message,
      where: { file: 'overlay.d/a/statoverride', line: 2, column: 1 },
    }),
  );
});
