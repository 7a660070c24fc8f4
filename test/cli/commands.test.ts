import { beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { type CommandDescription, flatten } from '../../src/cli/description.ts';
import { buildProgram, describeProgram, type Invocation, type ProgramHost } from '../../src/cli/program.ts';
import { cosa } from './in-process.ts';

function recordingHost(invocations: Invocation[] = []): ProgramHost {
  return {
    writeOut: () => undefined,
    writeErr: () => undefined,
    execute: async (invocation) => void invocations.push(invocation),
  };
}

describe.each(commands.map((entry) => ({ ...entry, words: entry.name.split(' ') })))('cosa $name', (entry) => {
  let described: CommandDescription | undefined;

  beforeAll(async () => {
    const tree = await describeProgram(recordingHost());
    described = flatten(tree).find(({ path }) => path.join(' ') === entry.name);
  });

  test('has help with an example', async () => {
    const { status, stdout, stderr } = await cosa([...entry.words, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`Usage: cosa ${entry.name} [options]`);
    expect(stdout).toMatch(/\nExamples:\n {2}\S[^\n]+:\n {4}\$ cosa /);
  });

  test('has a summary of one line and a description of whole sentences', () => {
    expect(entry.summary).toMatch(/^[a-z][^\n]{0,70}[^.\s]$/);
    expect(described?.description).toMatch(/^[A-Z][\s\S]*[.]$/);
  });

  test('says something about each argument and option', () => {
    for (const { description } of [...(described?.arguments ?? []), ...(described?.options ?? [])]) {
      expect(description).toMatch(/^\S[^\n]+[^.\s]$/);
    }
  });

  test('its examples are command lines that it takes', async () => {
    for (const { run, does } of described?.examples ?? []) {
      const [program, ...args] = words(run);
      const invocations: Invocation[] = [];
      await buildProgram(recordingHost(invocations)).parseAsync(args, { from: 'user' });
      expect({ program, does, understood: invocations.length }).toEqual({ program: 'cosa', does, understood: 1 });
    }
  });
});

/** The words of a command line as a shell would see them; single and double quotes are known. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}
