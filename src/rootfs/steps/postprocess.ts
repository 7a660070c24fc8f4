import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CosaError, usageError } from '../../lib/errors.ts';
import { lastLines, type RootContext, type RootStep, runInRoot } from '../context.ts';
import type { PostprocessScript } from '../request.ts';

/** Runs the configuration's scripts inside the root, in order, without network. */
export const postprocess: RootStep = {
  title: 'run scripts',
  async run(context) {
    const scripts = context.request.postprocess.map((script) => ({ script, interpreter: interpreterOf(script) }));
    const directory = await mkdtemp(join(tmpdir(), 'cosa-postprocess-'));
    try {
      for (const { script, interpreter } of scripts) await runScript(context, directory, script, interpreter);
    } finally {
      await rm(directory, { recursive: true });
    }
  },
};

/** Where a script is to be seen inside. */
const scriptPath = '/run/cosa-postprocess';

async function runScript(
  context: RootContext,
  directory: string,
  script: PostprocessScript,
  interpreter: readonly string[],
): Promise<void> {
  context.reporter.log(script.name);
  const file = join(directory, 'script');
  await writeFile(file, script.content);
  const binds = [{ from: file, to: scriptPath }];
  const result = await runInRoot(context, [...interpreter, scriptPath], { binds });
  if (result.exitCode === 0) return;
  const message = `${script.name} ended with exit status ${result.exitCode}\n${lastLines(result)}`;
  throw new CosaError('POSTPROCESS_FAILED', message.trimEnd(), { where: script.where });
}

/**
 * The program and its one argument of a script's first line, as the kernel reads it: run by ourselves, a
 * script works from a file system that does not allow execution.
 */
function interpreterOf(script: PostprocessScript): string[] {
  const [, program, argument] = /^#![ \t]*(\S+)(?:[ \t]+(\S.*?))?[ \t]*(?:\n|$)/.exec(script.content) ?? [];
  if (program === undefined) {
    throw usageError('POSTPROCESS_INTERPRETER', `${script.name} does not say which program runs it`, {
      where: script.where,
      hint: 'begin it with a line such as #!/bin/sh',
    });
  }
  return argument === undefined ? [program] : [program, argument];
}
