import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { start } from '../../src/exec/run.ts';
import { startTestingRegistry } from '../helpers/testing-registry.ts';
import { writeBootableDisk } from '../vm/boot-sector.ts';

// On a real pseudo-terminal, which a test's stream is not: what a person sees in the end.

const script = { name: 'script', packages: { deb: 'bsdutils', rpm: 'util-linux' }, purpose: 'gives tests a terminal' };
const program = join(import.meta.dirname, '../../src/cli/main.ts');
const main = `import(${JSON.stringify(pathToFileURL(program).href)}).then(({ main }) => main(process.argv))`;

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-terminal-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/**
 * Runs a command line on a terminal, for a person who types each answer once its question is there.
 * @returns all that the terminal was sent
 */
async function onTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: string, answer: string])[],
  directory: string,
): Promise<string> {
  const command = `"$NODE" --import tsx --eval "$MAIN" cosa ${args.join(' ')}`;
  const terminal = await start(script, ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: join(import.meta.dirname, '../..'),
    env: {
      ...{ NODE: process.execPath, MAIN: main, SHELL: '/bin/sh', TERM: 'xterm', NO_COLOR: '1' },
      ...{ TMPDIR: directory, XDG_RUNTIME_DIR: directory },
    },
  });
  const left = [...answers];
  let text = '';
  for await (const chunk of terminal.stdout) {
    text += String(chunk);
    const [question, answer] = left[0] ?? [];
    if (question === undefined || answer === undefined || !text.includes(question)) continue;
    left.shift();
    terminal.stdin.write(answer);
  }
  await terminal.done;
  return text;
}

/** The lines as they stand on the screen: what was erased is gone. Knows the sequences that an editor of lines uses. */
function screen(text: string): string[] {
  return text.split('\n').map((shown) => {
    const line = shown.replaceAll('\r', '').split('\u001b[1G\u001b[0J').at(-1) ?? '';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: cursor movements
    return line.replaceAll(/\u001b\[\d*[A-Za-z]/g, '');
  });
}

test('login asks in words that stay, and shows the name but no password', async () => {
  const users = [{ name: 'me', password: 'correct', access: 'push' as const }];
  await using registry = await startTestingRegistry({ authentication: { kind: 'basic', users } });
  const answers = [
    ['User name at', 'me\r'],
    ['Password of me', 'correct\r'],
  ] as const;
  const text = await onTerminal(['login', registry.host], answers, await temporaryDirectory());
  const lines = screen(text);
  expect(lines).toContain(`User name at ${registry.host}: me`);
  expect(lines.some((line) => line.startsWith(`Password of me at ${registry.host}: `))).toBe(true);
  expect(text).toContain('knows you as me');
  expect(text).not.toContain('correct');
});

test('run says how to leave, and how to get in, when the login prompt is there', async () => {
  const directory = await temporaryDirectory();
  const disk = join(directory, 'disk.raw');
  // As a boot loader does, it clears the screen first.
  await writeBootableDisk(disk, '\u001b[H\u001b[Jlocalhost login: ', 'halt');
  // What the way out says is tried: the machine ends.
  const answers = [['\nleave with Ctrl-A X', '\u0001x']] as const;
  const text = await onTerminal(['run', '--memory', '256', '--disk', disk], answers, directory);
  const afterPrompt = text.slice(text.lastIndexOf('localhost login: '));
  expect(afterPrompt).toMatch(/\r\nleave with Ctrl-A X; from another terminal: ssh .* -p \d+ core@127\.0\.0\.1\r\n/);
});
