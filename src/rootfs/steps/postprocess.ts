import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bind } from '../../exec/sandbox.ts';
import { openScratch } from '../../exec/scratch.ts';
import { CosaError, usageError } from '../../lib/errors.ts';
import { lastLines, type RootContext, type RootStep, runInRoot } from '../context.ts';
import { emptyDirectories, linkedDirectories, lostBelow, warnOfLost } from '../lost-paths.ts';
import type { PostprocessScript } from '../request.ts';
import { openSurroundings } from '../script-surroundings.ts';
import { walkTree } from '../walk.ts';

/** Runs the configuration's scripts inside the root, in order, without network. */
export const postprocess: RootStep = {
  title: 'run scripts',
  async run(context) {
    const scripts = context.request.postprocess.map((script) => ({ script, interpreter: interpreterOf(script) }));
    if (scripts.length > 0) await runScripts(context, scripts);
    await requireStorable(context);
  },
};

interface Run {
  script: PostprocessScript;
  interpreter: readonly string[];
}

async function runScripts(context: RootContext, scripts: readonly Run[]): Promise<void> {
  await using scratch = await openScratch(tmpdir());
  let lost = await lostPaths(context.root);
  const surroundings = await openSurroundings(context, scratch.path);
  for (const { script, interpreter } of scripts) {
    await runScript(context, scratch.path, { script, interpreter, binds: surroundings.binds });
    const before = new Set(lost);
    lost = await lostPaths(context.root);
    const left = lost.filter((path) => !before.has(path));
    warnOfLost(context.reporter, script.name, left);
  }
  await surroundings.close();
}

/** What lies below directories of which nothing stays, but those where scripts may leave what they like. */
async function lostPaths(root: string): Promise<string[]> {
  const lost: string[] = [];
  for (const directory of [...emptyDirectories, ...Object.keys(linkedDirectories)]) {
    for await (const { path, entry } of walkTree(root, directory)) if (!entry.isDirectory()) lost.push(path);
  }
  return lost;
}

/**
 * Looks for what an ostree tree cannot hold, in all of it, after all scripts. In /var, what is no file is left out.
 * @throws CosaError `NAME_NOT_UTF8`, `FILE_NOT_STORABLE` for sockets, pipes and devices
 */
async function requireStorable({ root, request }: RootContext): Promise<void> {
  const [first, ...others] = request.postprocess;
  const left = others.length === 0 ? `${first?.name ?? ''} has left it` : 'one of the scripts has left it';
  const origin = first === undefined ? '' : `: ${left}`;
  const where = first === undefined || others.length > 0 ? {} : { where: first.where };
  try {
    for await (const { path, entry } of walkTree(root)) {
      if (entry.isDirectory() || entry.isFile() || entry.isSymbolicLink() || path.startsWith('/var/')) continue;
      if (lostBelow(path) !== undefined) continue;
      const isPackaged = request.packages.some(({ paths }) => paths.includes(path));
      throw new CosaError(
        'FILE_NOT_STORABLE',
        `${JSON.stringify(path)} is a socket, a pipe or a device, and an ostree tree has only files, directories and ` +
          `links${isPackaged ? '' : origin}`,
        { hint: 'remove it, and let a unit or a file of tmpfiles.d make it at boot', ...where },
      );
    }
  } catch (error) {
    if (!(error instanceof CosaError) || error.code !== 'NAME_NOT_UTF8' || error.hint === undefined) throw error;
    // Names that packages bring were looked at when they were installed.
    throw new CosaError(error.code, `${error.message}${origin}`, { hint: error.hint, ...where });
  }
}

/** Where a script is to be seen inside. */
const scriptPath = '/run/cosa-postprocess';

async function runScript(
  context: RootContext,
  directory: string,
  run: Run & { binds: readonly Bind[] },
): Promise<void> {
  const { script, interpreter } = run;
  context.reporter.log(script.name);
  const file = join(directory, 'script');
  await writeFile(file, script.content);
  const binds = [...run.binds, { from: file, to: scriptPath }];
  const result = await runInRoot(context, [...interpreter, scriptPath], { binds });
  if (result.exitCode === 0) return;
  const message = `${script.name} ended with exit status ${result.exitCode}\n${lastLines(result)}`;
  throw new CosaError('POSTPROCESS_FAILED', message.trimEnd(), { where: script.where });
}

/**
 * The program and its one argument of a script's first line, as the kernel reads it: run by ourselves, a
 * script works from a file system that does not allow execution. Without such a line it is the shell, as for execvp(3).
 */
function interpreterOf(script: PostprocessScript): string[] {
  if (/^[^\n]*\r\n/.test(script.content)) {
    throw usageError('POSTPROCESS_LINE_ENDS', `${script.name} has the line ends of Windows (CR LF)`, {
      where: script.where,
      hint: 'save it with the line ends of Unix, and let git leave them alone: "* -text" in .gitattributes',
    });
  }
  const [, program, argument] = /^#![ \t]*(\S+)(?:[ \t]+(\S.*?))?[ \t]*(?:\n|$)/.exec(script.content) ?? [];
  if (program === undefined) return ['/bin/sh'];
  return argument === undefined ? [program] : [program, argument];
}
