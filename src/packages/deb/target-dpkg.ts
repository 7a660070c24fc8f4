import type { Bind } from '../../exec/sandbox.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import { CosaError } from '../../lib/errors.ts';
import { statInRoot } from '../../lib/root-files.ts';
import { hostDirectory } from '../../lib/root-path.ts';
import type { BackendContext } from '../backend.ts';
import { silencedPrograms } from '../silenced-programs.ts';
import { runUntilSilent, silentError } from '../until-silent.ts';
import { installedDatabase } from './database.ts';

export interface TargetDpkgOptions {
  root: string;
  /** Of the root's programs. */
  basearch: ArchitectureName;
  binds?: readonly Bind[];
  /** Seconds since the epoch, for what maintainer scripts date. */
  timestamp: number;
  /** Makes a line of dpkg's readable, before anybody sees it. */
  rewriteLine?: (line: string) => string;
  /** Called for each line that dpkg writes. */
  onLine?: (line: string) => void;
}

/** Where the database on disk is seen inside. */
const databaseInside = '/tmp/database';

/**
 * dpkg syncs its database to disk several times a package, which no option turns off. A root that is not finished is
 * thrown away anyway, so dpkg works on a copy in memory.
 */
const dpkgOnCopy = [
  `cp --archive ${databaseInside}/. ${installedDatabase}`,
  'dpkg "$@"',
  `cp --archive ${installedDatabase}/. ${databaseInside}`,
].join(' && ');

/**
 * Runs the target's own dpkg inside the root, without network, questions, or syncing anything to disk.
 * @throws CosaError `PACKAGE_INSTALL_FAILED`, naming the packages, with the end of the log
 */
export async function runTargetDpkg(
  args: readonly string[],
  options: TargetDpkgOptions,
  context: BackendContext,
): Promise<void> {
  const dpkgArguments = ['--force-unsafe-io', '--force-confnew', ...args];
  const database: Bind = {
    from: await hostDirectory(options.root, installedDatabase),
    to: databaseInside,
    writable: true,
  };
  const sandbox = {
    root: options.root,
    architecture: options.basearch,
    binds: [database, ...(options.binds ?? [])],
    inMemory: [installedDatabase],
    env: {
      DEBIAN_FRONTEND: 'noninteractive',
      DEBCONF_NONINTERACTIVE_SEEN: 'true',
      DEBCONF_NOWARNINGS: 'yes',
      SOURCE_DATE_EPOCH: String(options.timestamp),
    },
  };
  const command = ['/bin/sh', '-c', dpkgOnCopy, 'dpkg', ...dpkgArguments];
  const log: string[] = [];
  const onLine = (written: string) => {
    const line = options.rewriteLine?.(written) ?? written;
    log.push(line);
    context.reporter.log(line);
    options.onLine?.(line);
  };
  const ending = await runUntilSilent(sandbox, command, onLine, context);
  if (ending === 'silent') throw silentError(runningScript(log), context);
  if (ending instanceof CosaError) throw installError(log, ending);
}

/** What dpkg says before it runs scripts of a package, or unpacks it; scripts say much that is like it. */
const packageBegins =
  /^(?:Preparing to unpack (?<file>[a-z\d][a-z\d+.-]*)|(?:Unpacking|Setting up|Processing triggers for) (?<name>[a-z\d][a-z\d+.-]*)(?::\S+)? \(\S+\)) \.\.\.$/;

function runningScript(log: readonly string[]): string | undefined {
  for (const line of log.toReversed()) {
    const { file, name = file } = packageBegins.exec(line)?.groups ?? {};
    if (name !== undefined) return `a script of ${name}`;
  }
  return undefined;
}

/** Lines of the log shown before and after dpkg's first error: the script's own words stand before it. */
const linesAroundError = { before: 8, after: 3 };

function installError(log: readonly string[], cause: unknown): CosaError {
  const begin = log.indexOf('Errors were encountered while processing:');
  const named = begin < 0 ? [] : log.slice(begin + 1).map((line) => line.trim());
  const first = log.findIndex((line) => line.startsWith('dpkg: error'));
  const middle = first < 0 ? log.length : first;
  const shown = log.slice(Math.max(0, middle - linesAroundError.before), middle + linesAroundError.after);
  const subject = named.length === 0 ? 'the packages' : named.slice(0, 5).join(', ');
  return new CosaError('PACKAGE_INSTALL_FAILED', `dpkg could not install ${subject}:\n${shown.join('\n')}`, {
    hint: 'see the whole log with --verbose',
    cause,
  });
}

/** Binds that replace the programs that must not run, of those that the root has, by the target's `true`. */
export async function silencingBinds(root: string): Promise<Bind[]> {
  const binds: Bind[] = [];
  for (const to of silencedPrograms) {
    if (!(await statInRoot(root, to))?.isFile()) continue;
    binds.push({ from: await hostDirectory(root, '/usr/bin/true'), to });
  }
  return binds;
}
