import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { start } from '../../src/exec/run.ts';
import {
  builtWorkDirectory,
  candidate,
  checkout,
  cosa,
  cosaOk,
  freshWorkDirectory,
  imageOf,
  program,
} from './fixture.ts';

let work: string;
beforeAll(async () => {
  work = await builtWorkDirectory();
});

describe('two builds at once in one work directory', () => {
  it('lose nothing, and both finish', async () => {
    const { directory } = await freshWorkDirectory('twice', work);
    const both = await Promise.all([cosa(directory, ['ostree', 'build']), cosa(directory, ['ostree', 'build'])]);
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(both.filter(({ stdout }) => stdout.includes('up to date'))).toHaveLength(1);
    expect((await imageOf(directory)).descriptor.digest).toBe((await imageOf(work)).descriptor.digest);
    await cosaOk(directory, ['fsck']);
  });
});

it('a build that is killed with SIGKILL after one step, and then after the next, is finished by the run that is left alone', async () => {
  const { directory, config } = await freshWorkDirectory('killed', work);
  await cosaOk(directory, ['ostree', 'build']);
  const before = (await imageOf(directory)).descriptor.digest;
  await mkdir(resolve(config, 'overlay.d/05core/etc'), { recursive: true });
  await writeFile(resolve(config, 'overlay.d/05core/etc/example.conf'), 'changed\n');
  // Each is the line of a step before or in which the process ends.
  for (const step of ['copy root', 'assemble root', 'compute commit', 'write layers']) {
    await buildUntil(directory, step);
    await cosaOk(directory, ['fsck']);
    expect((await imageOf(directory)).descriptor.digest).toBe(before);
  }
  await cosaOk(directory, ['ostree', 'build']);
  expect((await imageOf(directory)).descriptor.digest).not.toBe(before);
  expect(await cosaOk(directory, ['list'])).toContain(candidate);
  await cosaOk(directory, ['fsck']);
});

/** Starts a build and kills it as soon as it says that the step is done. */
async function buildUntil(directory: string, step: string): Promise<void> {
  const build = await start(program(resolve(checkout, 'bin/cosa')), ['ostree', 'build'], {
    cwd: directory,
    env: { NO_COLOR: '1' },
    onStderrLine: (line) => {
      if (line.includes(step)) build.kill('SIGKILL');
    },
  });
  build.stdout.resume();
  await expect(build.done).rejects.toThrow('SIGKILL');
}
