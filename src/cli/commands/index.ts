import type { CommandModule } from '../command.ts';

/** What is known of a command without loading it: starting the program loads only the one that is asked for. */
export interface CommandEntry {
  /** The words after `cosa`: "fetch", "ostree build". */
  name: string;
  /** One line, lower case, no full stop: for the list of commands. */
  summary: string;
  group: CommandGroup;
  load: () => Promise<CommandModule>;
}

export type CommandGroup = 'Build' | 'Test and release' | 'Look after containers' | 'This program';

/** Summaries of the words that only group commands. */
export const commandFamilies: Readonly<Record<string, { summary: string; group: CommandGroup }>> = {
  ostree: { summary: 'the operating system as a container', group: 'Build' },
  image: { summary: 'disk images', group: 'Build' },
  kola: { summary: 'the names that coreos-assembler has for test commands', group: 'Test and release' },
};

/** Every command, in the order of the help. A new one is a file in this directory and an entry here. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'make a work directory for a config',
    group: 'Build',
    load: async () => (await import('./init.ts')).init,
  },
  {
    name: 'fetch',
    summary: 'resolve and download packages; write the lockfile',
    group: 'Build',
    load: async () => (await import('./fetch.ts')).fetch,
  },
  {
    name: 'image build',
    summary: 'make disk images of a container',
    group: 'Build',
    load: async () => (await import('./image-build.ts')).imageBuild,
  },
  {
    name: 'ostree build',
    summary: 'make the next OS container from config, packages and the previous one',
    group: 'Build',
    load: async () => (await import('./ostree-build.ts')).ostreeBuild,
  },
  {
    name: 'run',
    summary: 'boot a disk image, with its console here',
    group: 'Test and release',
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'test',
    summary: 'boot a disk image and check that the system is what it should be',
    group: 'Test and release',
    load: async () => (await import('./test.ts')).test,
  },
  {
    name: 'kola run',
    summary: 'the same as "cosa test"',
    group: 'Test and release',
    load: async () => (await import('./kola.ts')).kolaRun,
  },
  {
    name: 'doctor',
    summary: 'say which host tools are there and which are missing',
    group: 'This program',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    group: 'This program',
    load: async () => (await import('./completion.ts')).completion,
  },
  {
    name: 'man',
    summary: 'write the manual pages',
    group: 'This program',
    load: async () => (await import('./man.ts')).man,
  },
];
