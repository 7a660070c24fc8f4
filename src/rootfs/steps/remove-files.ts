import { posix } from 'node:path';
import { usageError } from '../../lib/errors.ts';
import { compilePerlPattern, type PerlPattern } from '../../lib/perl-pattern.ts';
import { removeInRoot } from '../../lib/root-files.ts';
import type { RootContext, RootStep } from '../context.ts';

/** Takes away the paths that `remove-files` names. What is not there is nothing to remove. */
export const removeFiles: RootStep = {
  title: 'remove files',
  async run({ root, request }) {
    for (const path of request.removeFiles) await removePath(root, path);
  },
};

/** Takes away what packages own and `remove-from-packages` matches: as in rpm-ostree, a package that is not there is no error. */
export const removeFromPackages: RootStep = {
  title: 'remove files of packages',
  async run(context) {
    const owned = new Map<string, readonly string[]>();
    for (const { name, paths } of context.request.packages) owned.set(name, [...(owned.get(name) ?? []), ...paths]);
    for (const removal of context.request.removeFromPackages) {
      const paths = owned.get(removal.package);
      if (paths === undefined) context.reporter.log(`remove-from-packages: ${removal.package} is not installed`);
      else await removeMatches(context, removal.patterns, paths);
    }
  },
};

async function removeMatches(
  { root, reporter }: RootContext,
  patterns: readonly string[],
  paths: readonly string[],
): Promise<void> {
  for (const pattern of patterns) {
    const isFound = finder(pattern);
    const matching = paths.filter((path) => isFound(path) || ancestors(path).some(isFound));
    if (matching.length === 0) reporter.log(`remove-from-packages: ${pattern} matches nothing`);
    for (const path of matching) await removePath(root, path);
  }
}

/** `/`, `/usr`, `/usr/bin`: rpm-ostree leaves out a directory that matches, with all that the package has in it. */
function ancestors(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('/') || '/');
}

/** Directories that lie in /usr in an ostree root. */
const movedIntoUsr = /^\/(?:etc|bin|sbin|lib|lib64)(?:\/|$)/;

/** Whether a pattern is found in a path, or in the one that rpm-ostree has for the same file. */
function finder(pattern: string): (path: string) => boolean {
  const expression = compile(pattern);
  const known = new Map<string, boolean>();
  return (path) => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const forms = movedIntoUsr.test(path) ? [path, `/usr${path}`] : [path];
    const found = forms.some((form) => search(expression, form, pattern));
    known.set(path, found);
    return found;
  };
}

const patternHint = 'it is searched for in paths such as /usr/share/locale/de';

function compile(pattern: string): PerlPattern {
  try {
    return compilePerlPattern(pattern);
  } catch (error) {
    const message = `remove-from-packages: "${pattern}" is not a regular expression`;
    throw usageError('REMOVE_PATTERN', message, { hint: patternHint, cause: error });
  }
}

function search(expression: PerlPattern, path: string, pattern: string): boolean {
  try {
    return expression.isFoundIn(path);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = `remove-from-packages: to look for "${pattern}" in ${path} takes far too long`;
    const hint = 'do not repeat what is repeated itself, as in (a+)+';
    throw usageError('REMOVE_PATTERN', message, { hint, cause: error });
  }
}

/**
 * Removes a file, or a directory with what is in it. Links are followed in directories alone, inside the root.
 */
async function removePath(root: string, path: string): Promise<void> {
  const normal = posix.join('/', path);
  if (normal === '/') {
    throw usageError('REMOVE_ROOT', `remove-files: "${path}" is the root itself`, { hint: 'name what is to go' });
  }
  await removeInRoot(root, normal);
}
