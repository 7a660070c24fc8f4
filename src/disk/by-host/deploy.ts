import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../exec/run.ts';
import { tools } from '../../exec/tools.ts';
import { prettyJson } from '../../lib/canonical-json.ts';
import type { Digest } from '../../lib/digest.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { verificationError } from '../../lib/errors.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { checkDeployable } from './deployable.ts';
import { readImageConfig } from './image-config.ts';

/**
 * What we deploy is never booted here: ostree need not flush the disk, and must not set the immutable flag, which
 * only the host's real root could ever remove again.
 */
const environment = { OSTREE_SYSROOT_OPTS: 'skip-sync', OSTREE_SYSROOT_DEBUG: 'mutable-deployments' };

/** A physical root before it becomes a filesystem. */
export interface Sysroot {
  /** Content of the root filesystem. */
  root: string;
  /** Content of the boot filesystem. */
  boot: string;
  /** The repository within `root`. */
  repository: string;
}

/** What is deployed. */
export interface Deployment {
  /** The operating system's name: its deployments and its `/var` lie in a directory of this name. */
  stateroot: string;
  /** Checksum of the commit. */
  commit: string;
  version: string;
  /** The container that the commit came in. */
  container: Digest;
}

/** The places of a sysroot kept in a directory. */
export function sysrootAt(directory: string): Sysroot {
  const root = join(directory, 'root');
  return { root, boot: join(directory, 'boot'), repository: join(root, 'ostree', 'repo') };
}

/** The checked-out tree of a sysroot's only deployment. */
export function deploymentTree(sysroot: Sysroot, { stateroot, commit }: Deployment): string {
  return join(sysroot.root, 'ostree', 'deploy', stateroot, 'deploy', `${commit}.0`);
}

/**
 * Begins a sysroot. The caller then puts a repository of mode `bare` with the commit at `repository`.
 * @param directory exists and is empty
 */
export async function initSysroot(directory: string): Promise<Sysroot> {
  const sysroot = sysrootAt(directory);
  await makeDirectory(join(sysroot.root, 'ostree'));
  return sysroot;
}

/**
 * Deploys the commit that the sysroot's repository holds. The kernel's arguments are not set here: they differ
 * between platforms and stand in the boot filesystem alone.
 * Afterwards nothing in the sysroot depends on when and where this ran, but for the files' times.
 * @throws CosaError `NAME_INVALID`, `CONTAINER_KERNEL`, `CONTAINER_PATH`, what {@link readImageConfig} throws (exit 4)
 */
export async function deploy(sysroot: Sysroot, deployment: Deployment, reporter: Reporter): Promise<void> {
  const { root, boot, repository } = sysroot;
  const { stateroot, commit } = deployment;
  requireName(stateroot);
  await checkDeployable(repository, commit);
  const options = { env: environment, signal: reporter.signal, onStderrLine: reporter.log };
  await run(tools.ostree, ['admin', 'init-fs', '--modern', root], options);
  await run(tools.ostree, ['admin', 'os-init', `--sysroot=${root}`, stateroot], options);
  await withoutBootLoader(repository, async () => {
    await run(
      tools.ostree,
      ['admin', 'deploy', `--sysroot=${root}`, `--os=${stateroot}`, '--no-prune', commit],
      options,
    );
  });
  await removeContent(join(repository, 'tmp'), ['cache']);
  await writeOrigin(sysroot, deployment);
  // The boot filesystem is one of its own.
  await rename(join(root, 'boot'), boot);
  await mkdir(join(root, 'boot'));
}

/**
 * Sets the repository's options: a read-only `/sysroot`, always. While `action` runs, ostree is kept from looking for
 * a boot loader to configure: there is none yet. In the running system it finds the one there is.
 */
async function withoutBootLoader(repository: string, action: () => Promise<void>): Promise<void> {
  const path = join(repository, 'config');
  const config = `${(await readFile(path, 'utf8')).trimEnd()}\n\n[sysroot]\nreadonly=true\n`;
  await writeFile(path, `${config}bootloader=none\n`);
  await action();
  await writeFile(path, config);
}

/** Records where the deployment came from, in ostree's way and in that of CoreOS tools. */
async function writeOrigin(sysroot: Sysroot, deployment: Deployment): Promise<void> {
  const { commit, version, container } = deployment;
  const tree = deploymentTree(sysroot, deployment);
  const reference = (await readImageConfig(tree))['container-imgref'];
  const line = reference === undefined ? `refspec=${commit}` : `container-image-reference=${reference}`;
  await writeFile(`${tree}.origin`, `[origin]\n${line}\ncontainer-image-digest=${container}\n`);
  const aleph = { version, 'ostree-commit': commit, container: { reference, digest: container } };
  await writeFile(join(sysroot.root, '.coreos-aleph-version.json'), prettyJson(aleph));
}

function requireName(stateroot: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(stateroot)) return;
  throw verificationError('NAME_INVALID', `the container's name ${JSON.stringify(stateroot)} cannot name a directory`);
}

async function removeContent(directory: string, keep: readonly string[]): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!keep.includes(name)) await rm(join(directory, name), { recursive: true });
  }
}
