import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openScratch } from '../../exec/scratch.ts';
import { CosaError, usageError } from '../../lib/errors.ts';
import { lastLines, type RootContext, type RootStep, runInRoot } from '../context.ts';
import { lostBelow, warnOfLost } from '../lost-paths.ts';
import type { PostprocessScript } from '../request.ts';
import { walkTree } from '../walk.ts';

/** Runs the configuration's scripts inside the root, in order, without network. */
export const postprocess: RootStep = {
  title: 'run scripts',
  async run(context) {
    const scripts = context.request.postprocess.map((script) => ({ script, interpreter: interpreterOf(script) }));
    await using scratch = await openScratch(tmpdir());
    let lost = await requireStorable(context.root);
    for (const { script, interpreter } of scripts) {
      await runScript(context, scratch.path, script, interpreter);
      const before = new Set(lost);
      lost = await requireStorable(context.root, script);
      const left = lost.filter((path) => !before.has(path));
      warnOfLost(context.reporter, script.name, left);
    }
  },
};

/**
 * Looks at what a script has left.
 * @param script the one that ran; without it, everything is the packages' or the overlays'
 * @returns paths below directories of which nothing stays, but those where scripts may leave what they like
 * @throws CosaError `NAME_NOT_UTF8`, `FILE_NOT_STORABLE` for sockets, pipes and devices
 */
async function requireStorable(root: string, script?: PostprocessScript): Promise<string[]> {
  const origin = script === undefined ? '' : `: ${script.name} has left it`;
  const where = script === undefined ? {} : { where: script.where };
  const lost: string[] = [];
  try {
    for await (const { path, entry } of walkTree(root)) {
      if (entry.isDirectory()) continue;
      if (lostBelow(path) !== undefined) {
        if (!path.startsWith('/var/')) lost.push(path);
      } else if (!entry.isFile() && !entry.isSymbolicLink() && !path.startsWith('/var/')) {
        throw new CosaError(
          'FILE_NOT_STORABLE',
          `${JSON.stringify(path)} is a socket, a pipe or a device, and an ostree tree has only files, directories and ` +
            `links${origin}`,
          { hint: 'remove it, and let a unit or a file of tmpfiles.d make it at boot', ...where },
        );
      }
    }
  } catch (error) {
    if (!(error instanceof CosaError) || error.code !== 'NAME_NOT_UTF8' || error.hint === undefined) throw error;
    throw new CosaError(error.code, `${error.message}${origin}`, { hint: error.hint, ...where });
  }
  return lost;
}

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
  if (/^[^\n]*\r\n/.test(script.content)) {
    throw usageError('POSTPROCESS_LINE_ENDS', `${script.name} has the line ends of Windows (CR LF)`, {
      where: script.where,
      hint: 'save it with the line ends of Unix, and let git leave them alone: "* -text" in .gitattributes',
    });
  }
  const [, program, argument] = /^#![ \t]*(\S+)(?:[ \t]+(\S.*?))?[ \t]*(?:\n|$)/.exec(script.content) ?? [];
  if (program === undefined) {
    throw usageError('POSTPROCESS_INTERPRETER', `${script.name} does not say which program runs it`, {
      where: script.where,
      hint: 'begin it with a line such as #!/bin/sh',
    });
  }
  return argument === undefined ? [program] : [program, argument];
}
