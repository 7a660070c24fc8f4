import { CosaError } from '../../lib/errors.ts';
import { plural } from '../../lib/format.ts';
import { printable } from '../../lib/printable.ts';
import { nevra, type RpmPackage } from './package-file.ts';
import { scriptKind } from './scriptlets.ts';

/** Of a list in a message, so many; `--verbose` shows them all. */
const mostShown = 5;

/** Lines of a script's own words. */
const mostLines = 10;

const wholeLog = 'see the whole log with --verbose';

/**
 * What went wrong in a transaction. rpm exits with 0 also where a script has failed or an owner is unknown: its words tell.
 * @param log all lines of rpm and the scripts
 * @returns `undefined` if nothing did
 */
export function transactionError(log: readonly string[], packages: readonly RpmPackage[]): CosaError | undefined {
  return (
    unknownFormat(log) ??
    fileConflict(log) ??
    unmetDependencies(log) ??
    failedScripts(log, packages) ??
    unknownOwners(log, packages) ??
    otherErrors(log)
  );
}

function unknownFormat(log: readonly string[]): CosaError | undefined {
  const format = log.map((line) => /^warning: invalid %_db_backend: (\w+)$/.exec(line)?.[1]).find(Boolean);
  if (format === undefined) return undefined;
  return failed(`the rpm that installs the packages writes no databases of the format ${format}`, {
    hint: 'set "rpmdb: sqlite" in the manifest',
  });
}

function fileConflict(log: readonly string[]): CosaError | undefined {
  const conflicts = log.flatMap((line) => {
    const [, path, one, other] =
      /^\s*file (.+) conflicts between attempted installs of (\S+) and (\S+)$/.exec(line) ??
      /^\s*file (.+) from install of (\S+) conflicts with file from package (\S+)$/.exec(line) ??
      [];
    return path === undefined ? [] : [`${one} and ${other} both bring ${path}, and it is not the same`];
  });
  if (conflicts.length === 0) return undefined;
  return new CosaError('PACKAGE_FILE_CONFLICT', shown(conflicts).join('\n'), { hint: 'leave out one of the packages' });
}

function unmetDependencies(log: readonly string[]): CosaError | undefined {
  const reasons = log.flatMap((line) => {
    const [, reason] =
      /^\s+(.+ (?:is needed by|conflicts with|is obsoleted by) \S+)$/.exec(line) ??
      /^\s*(package \S+ is intended for an? .+)$/.exec(line) ??
      [];
    return reason === undefined ? [] : [reason];
  });
  if (reasons.length === 0) return undefined;
  return failed(`the packages cannot be installed together:\n${shown(reasons).join('\n')}`, {
    hint: 'make the lockfile anew: "cosa fetch --update-lockfile"',
  });
}

function failedScripts(log: readonly string[], packages: readonly RpmPackage[]): CosaError | undefined {
  const failures = log.flatMap((line, index) => {
    const [, name = '', item, reason] =
      /^(?:warning|error): %(\w+)\((\S+)\) scriptlet failed, (.+)$/.exec(line) ??
      /^(?:warning|error): lua script failed: \[string "%?(\w+)\((\S+)\)"\]:(.+)$/.exec(line) ??
      [];
    if (item === undefined) return [];
    const message = `the script ${scriptKind(name)} of ${item} failed: ${reason}`;
    return [[message, ...scriptWords(log.slice(0, index), packages)].join('\n')];
  });
  return failures.length === 0 ? undefined : failed(shown(failures).join('\n'), { hint: wholeLog });
}

/** What stands before a failure, back to the last word of rpm itself. */
function scriptWords(before: readonly string[], packages: readonly RpmPackage[]): string[] {
  const names = new Set(packages.map(({ header }) => nevra(header)));
  const isOfRpm = (line: string) =>
    names.has(line) || /^(?:(?:warning|error): |Preparing packages|Updating \/ installing|Verifying)/.test(line);
  const last = before.findLastIndex((line) => isOfRpm(line) && !/^error: failed to exec/.test(line));
  return before.slice(last + 1).slice(-mostLines);
}

function unknownOwners(log: readonly string[], packages: readonly RpmPackage[]): CosaError | undefined {
  const unknown = new Set<string>();
  for (const line of log) {
    const [, kind, name] = /^warning: (user|group) (.+) does not exist - using root$/.exec(line) ?? [];
    if (kind === undefined || name === undefined) continue;
    const owners = packages.filter(({ files }) => files.some((file) => file[kind as 'user' | 'group'] === name));
    const subject = owners.map(({ header }) => nevra(header)).join(', ');
    unknown.add(`there is no ${kind} "${name}", whose files are in ${subject}`);
  }
  if (unknown.size === 0) return undefined;
  return failed(shown([...unknown]).join('\n'), {
    hint: 'a package that is installed before must make the account: by a file in sysusers.d, or a script %pre',
  });
}

function otherErrors(log: readonly string[]): CosaError | undefined {
  const errors = log.filter((line) => line.startsWith('error: '));
  if (errors.length === 0) return undefined;
  return failed(`rpm could not install the packages:\n${shown(errors).join('\n')}`, { hint: wholeLog });
}

function shown(items: readonly string[]): string[] {
  const first = items.slice(0, mostShown);
  const lines = first.flatMap((item) => item.split('\n').map(printable));
  return items.length === first.length
    ? lines
    : [...lines, `and ${plural(items.length - first.length, 'more', 'more')}`];
}

function failed(message: string, options: { hint: string }): CosaError {
  return new CosaError('PACKAGE_INSTALL_FAILED', message, options);
}
