import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { tryRun } from '../../src/exec/run.ts';

// On a real pseudo-terminal, which a test's stream is not: what a person sees in the end.

const script = { name: 'script', packages: { deb: 'bsdutils', rpm: 'util-linux' }, purpose: 'gives tests a terminal' };
const program = join(import.meta.dirname, '../../src/cli/main.ts');

/** Runs a command line on a terminal, with what a person types. */
async function onTerminal(args: readonly string[], typed: string) {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-terminal-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const log = join(directory, 'log');
  const main = `import(${JSON.stringify(pathToFileURL(program).href)}).then(({ main }) => main(process.argv))`;
  const { exitCode } = await tryRun(
    script,
    ['--quiet', '--return', '--command', `"$NODE" --import tsx --eval "$MAIN" cosa ${args.join(' ')}`, log],
    {
      input: typed,
      cwd: join(import.meta.dirname, '../..'),
      env: { NODE: process.execPath, MAIN: main, SHELL: '/bin/sh', TERM: 'xterm', XDG_RUNTIME_DIR: directory },
    },
  );
  return { exitCode, text: await readFile(log, 'utf8') };
}

/** The lines as they stand on the screen: what was erased is gone. Knows the sequences that an editor of lines uses. */
function screen(text: string): string[] {
  return text.split('\n').map((line) => {
    const shown = line.replaceAll('\r', '').split('\u001b[1G\u001b[0J').at(-1) ?? '';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: cursor movements
    return shown.replaceAll(/\u001b\[\d*[A-Za-z]/g, '');
  });
}

test('login asks in words that stay, and shows the name but no password', async () => {
  // Nobody listens there: the questions come first.
  const { exitCode, text } = await onTerminal(['login', '127.0.0.1:9'], 'me\rsecret\r');
  const lines = screen(text);
  expect(lines.some((line) => line.startsWith('User name at 127.0.0.1:9: '))).toBe(true);
  expect(lines.some((line) => line.startsWith('Password of me at 127.0.0.1:9: '))).toBe(true);
  expect(exitCode).not.toBe(0);
});
