import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../exec/run.ts';
import { ostree } from '../exec/tools/ostree.ts';
import { prettyJson } from '../lib/canonical-json.ts';
import { verificationError } from '../lib/errors.ts';
import type { Reporter } from '../lib/reporter.ts';
import { checkDeployable } from './deployable.ts';

/**
 * Our ostree never boots what it deploys: it need not flush the disk, and must not set the immutable flag, which
 * only the host's real root could ever remove again.
 */
const ostreeEnvironment = { OSTREE_SYSROOT_OPTS: 'skip-sync', OSTREE_SYSROOT_DEBUG: 'mutable-deployments' };

/** A physical root before it becomes a filesystem. */
export interface Sysroot {
  /** Content of the root filesystem. */
  root: string;
  /** Content of the boot filesystem. */
  boot: string;
}

/** What is deployed. */
export interface Deployment {
  /** The operating system's name: it names the directory of its deployments and of its `/var`. */
  stateroot: string;
  /** Checksum of the commit. */
  commit: string;
  /** Where the running system gets its updates from, as an image reference of ostree's container tools. */
  imageReference: string | undefined;
  /** What `/.coreos-aleph-version.json` records: what the disk was made of. */
  aleph: { version: string; container: string; digest: string };
}

/** The paths of a sysroot kept in a directory. */
export function sysrootAt(directory: string): Sysroot {
  return { root: join(directory, 'root'), boot: join(directory, 'boot') };
}

/** The repository of a sysroot. */
export function repositoryOf(sysroot: Sysroot): string {
  return join(sysroot.root, 'ostree', 'repo');
}

/** The checked-out tree of a sysroot's only deployment. */
export function deploymentTree(sysroot: Sysroot, deployment: Pick<Deployment, 'stateroot' | 'commit'>): string {
  return join(sysroot.root, 'ostree', 'deploy', deployment.stateroot, 'deploy', `${deployment.commit}.0`);
}

/**
 * Makes an empty sysroot with an empty repository (mode `bare`), into which the commit is to be imported.
 * @param directory exists and is empty
 */
export async function initSysroot(directory: string, stateroot: string): Promise<Sysroot> {
  requireName(stateroot);
  const sysroot = sysrootAt(directory);
  await mkdir(sysroot.root, { mode: 0o755 });
  await run(ostree, ['admin', 'init-fs', '--modern', sysroot.root]);
  await run(ostree, ['admin', 'os-init', `--sysroot=${sysroot.root}`, stateroot], { env: ostreeEnvironment });
  return sysroot;
}

/**
 * Deploys the commit that the sysroot's repository holds. The kernel's arguments are not set here: they differ
 * between platforms and stand in the boot filesystem alone.
 * Afterwards nothing in the sysroot depends on when and where this ran, but for the files' times.
 * @throws CosaError `KERNEL_MISSING`, `CONTAINER_PATH` (exit 4), `TOOL_FAILED`
 */
export async function deploy(sysroot: Sysroot, deployment: Deployment, reporter: Reporter): Promise<void> {
  const { root, boot } = sysroot;
  const repository = repositoryOf(sysroot);
  await checkDeployable(repository, deployment.commit);
  const origin = join(root, 'origin');
  await writeFile(origin, originText(deployment));
  // Without this ostree would look for a boot loader to configure; there is none yet.
  await run(ostree, [`--repo=${repository}`, 'config', 'set', 'sysroot.bootloader', 'none']);
  await run(ostree, [`--repo=${repository}`, 'config', 'set', 'sysroot.readonly', 'true']);
  const args = ['admin', 'deploy', `--sysroot=${root}`, `--os=${deployment.stateroot}`, '--no-prune'];
  await run(ostree, [...args, `--origin-file=${origin}`, deployment.commit], {
    env: ostreeEnvironment,
    signal: reporter.signal,
    onStderrLine: reporter.log,
  });
  await run(ostree, [`--repo=${repository}`, 'config', 'unset', 'sysroot.bootloader']);
  await rm(origin);
  await removeContent(join(repository, 'tmp'), ['cache']);
  await writeFile(join(root, '.coreos-aleph-version.json'), alephText(deployment), { mode: 0o644 });
  // The boot filesystem is one of its own.
  await rename(join(root, 'boot'), boot);
  await mkdir(join(root, 'boot'), { mode: 0o755 });
}

function requireName(stateroot: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(stateroot)) return;
  throw verificationError('NAME_INVALID', `the container's name ${JSON.stringify(stateroot)} cannot name a directory`);
}

function originText({ commit, imageReference }: Deployment): string {
  const line = imageReference === undefined ? `refspec=${commit}` : `container-image-reference=${imageReference}`;
  return `[origin]\n${line}\n`;
}

function alephText({ commit, aleph }: Deployment): string {
  return prettyJson({
    version: aleph.version,
    'ostree-commit': commit,
    container: { reference: aleph.container, digest: aleph.digest },
  });
}

async function removeContent(directory: string, keep: readonly string[]): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!keep.includes(name)) await rm(join(directory, name), { recursive: true });
  }
}
