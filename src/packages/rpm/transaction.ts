import { type Bind, type SandboxOptions, sysrootInside } from '../../exec/sandbox.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import { CosaError } from '../../lib/errors.ts';
import { printable } from '../../lib/printable.ts';
import type { BackendContext } from '../backend.ts';
import { runUntilSilent, silentError } from '../until-silent.ts';
import { installedDatabase } from './database.ts';
import { nevra, type RpmPackage } from './package-file.ts';
import { runningScript, temporaryDirectory } from './scriptlets.ts';
import { sysusersInside } from './sysusers.ts';
import { openToolsRoot } from './tools-root.ts';
import { transactionError } from './transaction-errors.ts';

export interface Transaction {
  packages: readonly RpmPackage[];
  /** The tree that is installed. */
  root: string;
  basearch: ArchitectureName;
  /** Seconds since the epoch, for what rpm and scripts date. */
  timestamp: number;
  /** Arguments of rpm, for what is installed. */
  args: readonly string[];
  binds: readonly Bind[];
}

/** Where the packages are seen inside. */
export const packagesInside = '/tmp/packages';

/** Where programs that must do nothing are seen by scripts: in the tree that is installed, before all others. */
const silencedInside = '/run/silenced';
export const silencedPlace = `${sysrootInside}${silencedInside}`;

/** Of the log's end, where rpm has failed without a word. */
const linesInError = 10;

/** What rpm's own settings would do for a machine that runs, and what decides bytes. */
const settings: Readonly<Record<string, string>> = {
  _dbpath: installedDatabase,
  // These are the sandbox's.
  _netsharedpath: '/proc:/sys:/dev',
  _tmppath: temporaryDirectory,
  _flush_io: '0',
  // Each file's hash and signature were verified when it came.
  _pkgverify_level: 'none',
  __systemd_sysusers: sysusersInside,
  _install_script_path: `${silencedInside}:/sbin:/bin:/usr/sbin:/usr/bin`,
};

/** Both streams of rpm and its scripts in one, so that lines stay in their order. */
const inOneStream = 'exec /usr/bin/rpm "$@" 2>&1';

/**
 * Installs packages into a root, all at once, with the lock's own rpm; without network or syncing.
 * @throws CosaError `PACKAGE_INSTALL_FAILED`, naming packages and scripts, with what they said; `PACKAGE_FILE_CONFLICT`; what
 *   `openToolsRoot` throws
 */
export async function runTransaction(transaction: Transaction, context: BackendContext): Promise<void> {
  const { packages, root } = transaction;
  await using toolsRoot = await openToolsRoot(packages, context);
  const sandbox: SandboxOptions = {
    root: toolsRoot.root,
    sysroot: root,
    architecture: transaction.basearch,
    binds: [...toolsRoot.binds, ...transaction.binds],
    // rpm writes down there what it runs itself; scripts of packages it writes down in the sysroot.
    inMemory: [temporaryDirectory],
    env: {
      SOURCE_DATE_EPOCH: String(transaction.timestamp),
      // Scripts of kernels call it by its path: it heeds this. Units are started never.
      KERNEL_INSTALL_BYPASS: '1',
      SYSTEMD_OFFLINE: '1',
    },
  };
  const log: string[] = [];
  const { reporter } = context;
  const names = new Set(packages.map(({ header }) => nevra(header)));
  let done = 0;
  const onLine = (line: string) => {
    log.push(line);
    reporter.log(printable(line));
    if (names.has(line)) reporter.progress(++done, packages.length, 'packages');
  };
  const ending = await runUntilSilent(sandbox, rpmCommand(transaction), onLine, context);
  if (ending === 'silent') throw silentError(await runningScript(packages, root), context);
  const error = transactionError(log, packages);
  if (error !== undefined) throw error;
  if (ending instanceof CosaError) {
    const end = log.slice(-linesInError).map(printable).join('\n');
    throw new CosaError('PACKAGE_INSTALL_FAILED', `rpm could not install the packages:\n${end}`, { cause: ending });
  }
}

function rpmCommand({ packages, args }: Transaction): string[] {
  const definitions = Object.entries(settings).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const files = packages.map(({ locked }) => `${packagesInside}/${locked.sha256}.rpm`);
  const options = ['--root', sysrootInside, '--noplugins', '--nosignature', '--nodigest', ...definitions, ...args];
  return ['/bin/sh', '-c', inOneStream, 'rpm', ...options, '--verbose', '--install', ...files];
}
