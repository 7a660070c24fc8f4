import { readlink, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoryCache } from '../../cache/directories.ts';
import { stepKey } from '../../cache/key.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import { run } from '../../exec/run.ts';
import type { Bind } from '../../exec/sandbox.ts';
import { openScratch } from '../../exec/scratch.ts';
import { missingTool } from '../../exec/tool-errors.ts';
import { tools } from '../../exec/tools.ts';
import { which } from '../../exec/which.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { CosaError, isSystemError } from '../../lib/errors.ts';
import { exists } from '../../lib/if-exists.ts';
import type { LockWaiter } from '../../progress/wait-for-lock.ts';
import type { BackendContext } from '../backend.ts';
import { closureOf } from './closure.ts';
import { canExtract, extractRpms } from './extract.ts';
import { nevra, type RpmPackage } from './package-file.ts';
import { compareVersions } from './version.ts';

/** A tree with an rpm that runs, and a shell. It stays until it is disposed of. */
export interface ToolsRoot extends AsyncDisposable {
  /** The tree, not to be changed. */
  root: string;
  binds: readonly Bind[];
}

/** What a transaction runs itself, outside of the tree that is installed. */
const needed = ['rpm', '/bin/sh'];

/** Where something is mounted inside. */
const mountPoints = ['dev', 'proc', 'run', 'tmp', 'var/tmp'];

/**
 * Rpm before that writes the time of the clock into the database, and later ones what they are told:
 * https://github.com/rpm-software-management/rpm/commit/71456f2fc
 */
const firstDating = '4.18';

/**
 * The rpm that installs a system: the system's own, so that its version decides and not the host's; but for one that cannot make
 * the same database twice. It cannot run in a tree where nothing is installed yet, so it is unpacked beside, and kept.
 * @param packages of a lock
 * @throws CosaError what `extractRpms` throws; `TOOL_MISSING` (exit 3) where neither the lock nor the host has an rpm that serves
 */
export async function openToolsRoot(packages: readonly RpmPackage[], context: BackendContext): Promise<ToolsRoot> {
  const closure = closureOf(packages, needed);
  if (closure === undefined) return openHostRoot('no package of the lock has rpm', context);
  const version = closure.find(({ header }) => header.provides.some(({ name }) => name === needed[0]))?.header.version;
  if (version !== undefined && compareVersions(version, firstDating) < 0) {
    return openHostRoot(`rpm ${version} of the lock dates what it installs by the clock`, context);
  }
  const packed = closure.find((item) => !canExtract(item));
  if (packed !== undefined) {
    const { header } = packed;
    return openHostRoot(
      `${nevra(header)}, which rpm of the lock needs, is packed with ${header.payloadCompressor}`,
      context,
    );
  }
  const { signal, warn } = context.reporter;
  const events: LockWaiter['events'] = (event) => {
    if (event.type === 'warning') warn(event.message, event.hint);
  };
  const cache = directoryCache(context.cacheDirectory, cacheKinds.packageManagers, { events, signal });
  try {
    const key = stepKey('rpm/2', { packages: closure.map(({ locked }) => locked.sha256) });
    const root = await cache.fill(key, async (directory) => {
      await extractRpms(closure, directory, signal);
      for (const name of mountPoints) await makeDirectory(join(directory, name));
    });
    return { root, binds: [], [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose]() };
  } catch (error) {
    await cache[Symbol.asyncDispose]();
    throw error;
  }
}

/** Of the host's, what its programs need: whatever else it has is no package's business. */
const hostDirectories = ['/usr', '/etc/rpm', '/etc/alternatives'];

/** Links into /usr, where /usr is merged. */
const hostLinks = ['/bin', '/lib', '/lib32', '/lib64', '/sbin'];

async function openHostRoot(reason: string, { reporter }: BackendContext): Promise<ToolsRoot> {
  if ((await which(tools.rpm.name)) === undefined) throw missingTool(tools.rpm);
  const { stdout } = await run(tools.rpm, ['--version'], { signal: reporter.signal });
  const version = /\d[\w.~^]*/.exec(stdout)?.[0] ?? '';
  if (compareVersions(version, firstDating) < 0) {
    throw new CosaError(
      'TOOL_MISSING',
      `rpm ${version} of this machine dates what it installs by the clock, and ${reason}`,
      {
        hint: `build on a machine with rpm ${firstDating} or later, or name an rpm of such a version in the manifest`,
      },
    );
  }
  reporter.log(`${reason}: rpm ${version} of this machine installs the packages, and its version counts`);
  const scratch = await openScratch(tmpdir());
  try {
    const binds: Bind[] = [];
    for (const name of mountPoints) await makeDirectory(join(scratch.path, name));
    for (const path of [...hostDirectories, ...hostLinks]) {
      if (!(await exists(path))) continue;
      const target = await linkTarget(path);
      if (target === undefined) {
        await makeDirectory(join(scratch.path, path));
        binds.push({ from: path, to: path });
      } else await symlink(target, join(scratch.path, path));
    }
    return { root: scratch.path, binds, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (isSystemError(error, 'EINVAL')) return undefined;
    throw error;
  }
}
