import { expect, test } from 'vitest';
import { serverText } from '../../src/http/server-text.ts';

test.each([
  ['DENIED: access denied', 'DENIED: access denied'],
  ['two\r\nlines\t and\u0007 a bell', 'two lines and a bell'],
  ['\u001b[31mred\u001b[0m \u009b2J', '[31mred [0m 2J'],
  ['turned \u202eround\u2066 \u200bzero \u2028line', 'turned round zero line'],
  ['half a \ud800 character', 'half a character'],
  ['x'.repeat(400), `${'x'.repeat(300)}…`],
])('makes %j fit for a message', (text, expected) => {
  expect(serverText(text)).toBe(expected);
});

test('takes secrets out before it cuts', () => {
  const text = serverText(`${'x'.repeat(296)} hunter2`, (said) => said.replaceAll('hunter2', '***'));
  expect(text).toBe(`${'x'.repeat(296)} ***`);
});
