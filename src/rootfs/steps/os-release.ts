import { buildMetadataComponent } from '../../contract/labels.ts';
import { CosaError, usageError } from '../../lib/errors.ts';
import { readTextInRootIfExists, writeTextInRoot } from '../../lib/root-files.ts';
import type { RootStep } from '../context.ts';

const path = '/usr/lib/os-release';

/**
 * Tells the running system its version. Runs after the initramfs is made, which has a copy of os-release:
 * so a new version alone does not make a new initramfs.
 */
export const osRelease: RootStep = {
  title: 'write the version to os-release',
  async run(context) {
    const { root, request } = context;
    const text = await readTextInRootIfExists(root, path);
    if (text === undefined) {
      throw new CosaError('OS_RELEASE_MISSING', `the root has no ${path}`, {
        hint: 'install the package that holds it: base-files (Debian), fedora-release (Fedora)',
      });
    }
    await writeTextInRoot(root, path, mutateOsRelease(text, request));
    context.generated.set(path, buildMetadataComponent);
  },
};

/**
 * os-release(5) of one build: `mutateOsRelease` becomes the version in VERSION and PRETTY_NAME, and
 * OSTREE_VERSION, IMAGE_ID and IMAGE_VERSION say it alone.
 * @throws CosaError `MUTATE_OS_RELEASE` (exit 2) if neither has the text
 */
export function mutateOsRelease(
  text: string,
  request: { osName: string; version: string; mutateOsRelease: string | undefined },
): string {
  const added = { IMAGE_ID: request.osName, IMAGE_VERSION: request.version, OSTREE_VERSION: request.version };
  const lines = text.split('\n').filter((line) => line !== '' && !Object.hasOwn(added, keyOf(line)));
  const changed = lines.map((line) => replaceVersion(line, request));
  if (request.mutateOsRelease !== undefined && changed.every((line, index) => line === lines[index])) {
    throw usageError(
      'MUTATE_OS_RELEASE',
      `VERSION and PRETTY_NAME of ${path} do not have "${request.mutateOsRelease}"`,
      {
        hint: `they say: ${lines.filter((line) => isVersionLine(line)).join(', ')}`,
      },
    );
  }
  const additions = Object.entries(added).map(([key, value]) => `${key}=${quoted(value)}`);
  return `${[...changed, ...additions].join('\n')}\n`;
}

function replaceVersion(line: string, request: { version: string; mutateOsRelease: string | undefined }): string {
  const old = request.mutateOsRelease;
  if (old === undefined || !isVersionLine(line)) return line;
  const escaped = old.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // A whole word: "13" is not to be found in "2013".
  return line.replace(new RegExp(`(?<![\\w.])${escaped}(?![\\w.])`), () => request.version);
}

function isVersionLine(line: string): boolean {
  return ['VERSION', 'PRETTY_NAME'].includes(keyOf(line));
}

function keyOf(line: string): string {
  return line.split('=', 1)[0] ?? '';
}

/** As a shell reads it back. */
function quoted(value: string): string {
  return /^[\w.:+~-]*$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
