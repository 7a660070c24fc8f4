import { chmod, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../../config/load.ts';
import { tryRunInSandbox } from '../../../exec/sandbox.ts';
import { openScratch } from '../../../exec/scratch.ts';
import { findRepository } from '../../../exec/tools/git/repository.ts';
import { canonicalJson } from '../../../lib/canonical-json.ts';
import { CosaError, usageError } from '../../../lib/errors.ts';
import { exists } from '../../../lib/if-exists.ts';
import { readText } from '../../../lib/text-file.ts';
import { type Pipeline, runStep } from '../../../progress/step.ts';
import { checkVersion, isOlderVersion } from './version.ts';

/** The script of a config that says which version the next build gets. */
const scriptName = 'versionary';

/** What the script is to know. */
export interface VersionaryRequest {
  config: Pick<Config, 'directory' | 'basearch' | 'treefile'>;
  variant: string | undefined;
  /** Seconds since the epoch: the build's own date. */
  timestamp: number;
  /** The version of the stream's last build. */
  last: string | undefined;
  /** Whether a version was given already. */
  isTaken: (version: string) => Promise<boolean>;
}

/**
 * Asks the config's script `versionary` for the next version, as coreos-assembler does it for a build that is to be released:
 * it runs with this machine's programs, without network, in a work directory of its own that looks as it expects it, with
 * `src/config` and `builds/builds.json`. It sees no more of this machine than it must, and changes nothing. A version that
 * was given already becomes the last build, and it is asked once more.
 * @throws CosaError `VERSIONARY_MISSING`, `VERSION_INVALID`, `VERSION_TAKEN`, `VERSION_OLDER` (exit 2), `VERSIONARY_FAILED`
 */
export async function askVersionary(pipeline: Pipeline, request: VersionaryRequest): Promise<string> {
  const { config, isTaken } = request;
  const script = join(config.directory, scriptName);
  if (!(await exists(script))) {
    throw usageError('VERSIONARY_MISSING', `there is no script ${scriptName} in ${config.directory}`, {
      hint: 'give the version with --version, or let it be counted: automatic-version-prefix in manifest.yaml',
    });
  }
  return runStep(pipeline, 'ask for the version', async (reporter) => {
    let last = request.last;
    for (;;) {
      const version = await run(request, script, last, { signal: reporter.signal, onStderrLine: reporter.log });
      if (!(await isTaken(version))) {
        requireNewer(version, request.last);
        reporter.note(version);
        return version;
      }
      if (version === last) throw taken(version);
      last = version;
    }
  });
}

function requireNewer(version: string, last: string | undefined): void {
  if (last === undefined || !isOlderVersion(version, last)) return;
  throw usageError('VERSION_OLDER', `${scriptName} says ${version}, which is older than the last build, ${last}`, {
    hint: 'a stream goes forward: build of newer packages, or give a version with --version',
  });
}

function taken(version: string) {
  return usageError('VERSION_TAKEN', `${scriptName} says ${version}, and there is a build of that version already`, {
    hint: 'commit what has changed, for the script counts commits; or give a version with --version',
  });
}

interface RunOptions {
  signal: AbortSignal;
  onStderrLine: (line: string) => void;
}

/** Where the script's work directory is inside. */
const inside = '/run/versionary';

async function run(
  { config, variant, timestamp }: VersionaryRequest,
  script: string,
  last: string | undefined,
  { signal, onStderrLine }: RunOptions,
): Promise<string> {
  await using scratch = await openScratch(tmpdir());
  const directory = await realpath(config.directory);
  const text = await readText(script);
  await makeWorkDirectory(scratch.path, directory, config, last);
  const argumentsFile = variant === undefined ? 'build-args.conf' : `build-args-${variant}.conf`;
  // Scripts that read no such file take no such option.
  const options = text.includes('--build-args') ? [`--build-args=src/config/${argumentsFile}`] : [];
  const checkout = (await findRepository(directory))?.workTree ?? directory;
  const lines: string[] = [];
  const { stdout, exitCode } = await tryRunInSandbox(
    {
      root: '/',
      isReadOnly: true,
      inMemory: ['/root', '/home'],
      binds: [
        { from: checkout, to: checkout },
        { from: scratch.path, to: inside },
      ],
      cwd: inside,
      env: {
        PATH: `${inside}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        SOURCE_DATE_EPOCH: String(timestamp),
        // Inside, the checkout belongs to somebody else.
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
      },
    },
    [`src/config/${scriptName}`, ...options],
    {
      signal,
      onStderrLine: (line) => {
        lines.push(line);
        onStderrLine(line);
      },
    },
  );
  if (exitCode !== 0) throw failure(script, exitCode, lines);
  return checkVersion(stdout.trim());
}

/** What coreos-assembler's work directory has that scripts look at. */
async function makeWorkDirectory(
  path: string,
  directory: string,
  { basearch, treefile }: VersionaryRequest['config'],
  last: string | undefined,
): Promise<void> {
  for (const name of ['builds', 'src', 'bin']) await mkdir(join(path, name));
  await symlink(directory, join(path, 'src', 'config'));
  const builds = last === undefined ? [] : [{ id: last, arches: [basearch] }];
  await writeFile(join(path, 'builds', 'builds.json'), canonicalJson({ 'schema-version': '1.0.0', builds }));
  // Older scripts ask rpm-ostree for the flattened treefile: it is ours.
  await writeFile(join(path, 'treefile.json'), canonicalJson(treefile));
  const stand = join(path, 'bin', 'rpm-ostree');
  await writeFile(stand, `#!/bin/sh\nexec cat ${inside}/treefile.json\n`);
  await chmod(stand, 0o755);
}

function failure(script: string, status: number, lines: readonly string[]) {
  const text = lines.filter((line) => line.trim() !== '');
  const [, module] = /No module named '([A-Za-z0-9_]+)/.exec(text.join('\n')) ?? [];
  return new CosaError(
    'VERSIONARY_FAILED',
    `${scriptName} ends with exit status ${status}${text.length === 0 ? '' : `: ${text.at(-1) ?? ''}`}`,
    {
      where: { file: script },
      hint:
        module === undefined
          ? 'with --verbose you see all that it says; --version gives a version without it'
          : `it runs with this machine's programs: install Python's module ${module}, python3-${module} in Debian and Fedora`,
    },
  );
}
