import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../../src/exec/lock.ts';
import { run, tryRun } from '../../src/exec/run.ts';
import { checkout, program, testWork } from './fixture.ts';

/** Who changes the machine's accounts waits for others, but useradd and userdel give up. */
const accountsLock = join(testWork, '.accounts.lock');

/** An account that may do nothing, and owns a copy of the program. Disposing removes it with all that it has. */
export interface OrdinaryUser extends AsyncDisposable {
  home: string;
  /** A directory that is empty, but for what was put there. */
  work: string;
  /** Runs a program as the user, and fails if it does. */
  run(program: string, args: readonly string[]): Promise<void>;
  /** As `run`, cosa in the work directory. */
  cosa(args: readonly string[]): Promise<void>;
}

/**
 * @param name of no account that another test has
 * @param directories what else the user gets a copy of, by its path in the home directory: below `work` too
 */
export async function ordinaryUser(name: string, directories: Readonly<Record<string, string>>): Promise<OrdinaryUser> {
  // A place that the user may read: a checkout often is not.
  const home = `/home/${name}`;
  const present = await tryRun(program('id', 'coreutils'), [name]);
  if (present.exitCode !== 0) {
    const args = ['--create-home', '--home-dir', home, name];
    await withLock(accountsLock, () => run(program('useradd', 'passwd'), args));
  }
  const [target, work] = [join(home, 'cosa'), join(home, 'work')];
  await mkdir(target, { recursive: true });
  const parts = ['bin', 'dist', 'package.json', 'node_modules'].map((part) => join(checkout, part));
  await run(program('cp', 'coreutils'), ['--recursive', '--no-dereference', '--target-directory', target, ...parts]);
  for (const [to, from] of Object.entries(directories)) {
    await cp(from, join(home, to), { recursive: true, verbatimSymlinks: true });
  }
  await mkdir(work, { recursive: true });
  await run(program('chown', 'coreutils'), ['--recursive', '--no-dereference', `${name}:`, home]);
  // As su leaves it.
  const env = { HOME: home, USER: 'root', NO_COLOR: '1' };
  const runAs = async (file: string, args: readonly string[]) => {
    await run(program('runuser', 'util-linux'), ['-u', name, '--', file, ...args], { env, cwd: home });
  };
  return {
    home,
    work,
    run: runAs,
    cosa: (args) => runAs(join(target, 'bin/cosa'), ['-C', work, ...args]),
    async [Symbol.asyncDispose]() {
      // Files of its sub-ids too: only root can remove those.
      await rm(home, { recursive: true, force: true });
      await withLock(accountsLock, () => run(program('userdel', 'passwd'), [name]));
    },
  };
}
