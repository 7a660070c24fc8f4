import { posix } from 'node:path';
import { usageError } from '../../lib/errors.ts';
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
    const expression = compile(pattern);
    const matching = paths.filter((path) => expression.test(path));
    if (matching.length === 0) reporter.log(`remove-from-packages: ${pattern} matches nothing`);
    for (const path of matching) await removePath(root, path);
  }
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw usageError('REMOVE_PATTERN', `remove-from-packages: "${pattern}" is not a regular expression`, {
      hint: 'it is searched for in paths such as /usr/share/locale/de',
      cause: error,
    });
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
