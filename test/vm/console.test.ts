import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { start } from '../../src/exec/run.ts';
import { plainText, watchConsole } from '../../src/vm/console.ts';

const long = 60_000;

test('a line that is there already is found at once', async () => {
  const output = new PassThrough();
  const console = watchConsole(output);
  output.write('one\ntwo\n');
  expect(await console.waitFor(/^tw/, { milliseconds: long })).toBe('two');
});

test('a program writes more than pipes hold: it is read to its end', async () => {
  const program = await start({ name: 'seq', packages: { deb: 'coreutils', rpm: 'coreutils' }, purpose: 'counts' }, [
    '200000',
  ]);
  const console = watchConsole(program.stdout);
  expect(await console.waitFor(/^200000$/, { milliseconds: long })).toBe('200000');
  await program.done;
});

test('a line that comes later, in pieces and coloured', async () => {
  const output = new PassThrough();
  const console = watchConsole(output);
  const found = console.waitFor(/Reached target multi-user/, { milliseconds: long });
  for (const piece of ['[  OK  ] Reached \x1b[0;1;39mtar', 'get multi-u', 'ser.target\x1b[0m\r\n']) output.write(piece);
  expect(await found).toBe('[  OK  ] Reached target multi-user.target');
});

test('a prompt is found though its line is not finished', async () => {
  const output = new PassThrough();
  const console = watchConsole(output);
  const found = console.waitFor(/login: $/, { milliseconds: long });
  output.write('localhost login: ');
  expect(await found).toBe('localhost login: ');
});

test('lines before `from` do not count', async () => {
  const output = new PassThrough();
  const console = watchConsole(output);
  output.write('Linux version 1\n');
  await console.waitFor(/Linux/, { milliseconds: long });
  const from = console.length;
  const second = console.waitFor(/Linux version/, { milliseconds: long, from });
  output.write('Linux version 2\n');
  expect(await second).toBe('Linux version 2');
  expect(console.tail(5, from)).toEqual(['Linux version 2']);
});

test('the end of the console ends waiting, with its last lines', async () => {
  const output = new PassThrough();
  const console = watchConsole(output);
  output.write('Kernel panic\n');
  const waiting = console.waitFor(/login/, { milliseconds: long });
  output.end();
  await expect(waiting).rejects.toMatchObject({
    code: 'CONSOLE_ENDED',
    message: 'the machine has stopped without /login/; its last lines:\nKernel panic',
  });
});

test('a deadline ends waiting', async () => {
  const console = watchConsole(new PassThrough());
  await expect(console.waitFor(/login/, { milliseconds: 1 })).rejects.toMatchObject({
    code: 'CONSOLE_TIMEOUT',
    message: 'no /login/ on the console within 0 s: the console is empty',
  });
});

test("an abort ends waiting with the signal's reason", async () => {
  const stop = new AbortController();
  const console = watchConsole(new PassThrough());
  const waiting = console.waitFor(/login/, { milliseconds: long, signal: stop.signal });
  stop.abort(new Error('interrupted'));
  await expect(waiting).rejects.toThrow('interrupted');
});

test('a guest that writes without end fills no memory', async () => {
  const output = new PassThrough();
  const console = watchConsole(output);
  for (let line = 0; line < 100_000; line += 1_000) {
    output.write(Array.from({ length: 1_000 }, (_, index) => `${line + index}\n`).join(''));
  }
  output.write('x'.repeat(1_000_000));
  await console.waitFor(/^x+$/, { milliseconds: long });
  expect(console.tail(1_000_000).length).toBeLessThanOrEqual(40_001);
  expect(console.tail(1)[0]?.length).toBeLessThanOrEqual(4_096);
  expect(console.length).toBe(100_000);
});

const fragment = fc.constantFrom('\x1b', '\x9b', '[', ']', '?', '1', ';', 'm', 'H', '\0', '\t', '\x07', '\\', 'ü');

test('plain text keeps no control characters but tabs', () => {
  fc.assert(
    fc.property(
      fc.array(fragment).map((parts) => parts.join('')),
      (text) => {
        return !/[^\P{Cc}\t]/u.test(plainText(text));
      },
    ),
  );
  expect(plainText('a\tb')).toBe('a\tb');
});
