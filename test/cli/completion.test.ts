import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { bashCompletion } from '../../src/cli/completion/bash.ts';
import { fishCompletion } from '../../src/cli/completion/fish.ts';
import { zshCompletion } from '../../src/cli/completion/zsh.ts';
import type { CommandDescription, OptionDescription } from '../../src/cli/description.ts';
import { describeProgram } from '../../src/cli/program.ts';
import { run } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';

const shell = (name: string): Tool => ({ name, packages: { deb: name, rpm: name }, purpose: 'completes commands' });
const [bash, zsh, fish] = [shell('bash'), shell('zsh'), shell('fish')];

const scripts = [
  { name: 'bash', tool: bash, generate: bashCompletion },
  { name: 'zsh', tool: zsh, generate: zshCompletion },
  { name: 'fish', tool: fish, generate: fishCompletion },
];

/** Names and texts that a careless generator would break on. */
function awkward(): CommandDescription {
  const option = (flags: string, rest: Partial<OptionDescription>): OptionDescription => ({
    flags,
    names: flags.replace(/ <.*/, '').split(', '),
    description: '',
    takesValue: flags.includes('<'),
    mandatory: false,
    choices: [],
    defaultValue: undefined,
    common: false,
    ...rest,
  });
  const command = (path: string[], rest: Partial<CommandDescription>): CommandDescription => ({
    path,
    summary: '',
    description: '',
    arguments: [],
    options: [],
    examples: [],
    children: [],
    ...rest,
  });
  const build = command(['ostree', 'build'], {
    summary: "the user's container: all of it, $HOME and `id` included",
    options: [
      option('--compression <kind>', { description: "how [layers] are \\packed: 'well'", choices: ['zstd', 'gzip'] }),
      option('-t, --tag <name>', { description: 'a "tag"' }),
    ],
  });
  const list = command(['list'], { summary: 'what is there' });
  const family = command(['ostree'], { summary: 'the operating system', children: [build] });
  return command([], { children: [family, list] });
}

let program: CommandDescription;

beforeAll(async () => {
  program = await describeProgram({
    writeOut: () => undefined,
    writeErr: () => undefined,
    execute: async () => undefined,
  });
});

describe.each(scripts)('completion for $name', ({ tool, generate }) => {
  test('is accepted by the shell', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cosa-completion-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    for (const description of [program, awkward()]) {
      const script = join(directory, 'script');
      await writeFile(script, generate(description));
      expect(await run(tool, ['-n', script])).toMatchObject({ stdout: '', stderr: '' });
    }
  });
});

describe('what bash offers', () => {
  async function offered(...typed: string[]): Promise<string[]> {
    const script = `${bashCompletion(awkward())}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cosa; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run(bash, ['--norc', '-c', script, 'bash', 'cosa', ...typed]);
    return stdout.split('\n').filter((line) => line !== '');
  }

  test.each([
    { typed: [''], words: ['ostree', 'list'] },
    { typed: ['os'], words: ['ostree'] },
    { typed: ['ostree', ''], words: ['build'] },
    { typed: ['ostree', 'build', '--c'], words: ['--compression'] },
    { typed: ['ostree', 'build', '--compression', ''], words: ['zstd', 'gzip'] },
    { typed: ['ostree', 'build', '--compression', 'g'], words: ['gzip'] },
    { typed: ['ostree', 'build', '-t', ''], words: [] },
  ])('%j', async ({ typed, words }) => {
    expect(await offered(...typed)).toEqual(words);
  });
});

describe('what fish offers', () => {
  test.each([
    { line: 'cosa ', words: ['list', 'ostree'] },
    { line: 'cosa ostree ', words: ['build'] },
    { line: 'cosa ostree build --compression ', words: ['gzip', 'zstd'] },
  ])('$line', async ({ line, words }) => {
    const script = `${fishCompletion(awkward())}\ncomplete -C '${line}'`;
    const { stdout } = await run(fish, ['--no-config', '-c', script]);
    const offered = stdout.split('\n').filter((text) => text !== '');
    expect(offered.map((text) => text.split('\t')[0]).sort()).toEqual(words);
  });
});
