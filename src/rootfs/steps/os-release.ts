import { stat, utimes } from 'node:fs/promises';
import { buildMetadataComponent } from '../../contract/labels.ts';
import { CosaError } from '../../lib/errors.ts';
import { readTextInRootIfExists, writeTextInRoot } from '../../lib/root-files.ts';
import { hostPath, resolveDirectoryInRoot } from '../../lib/root-path.ts';
import type { RootContext, RootStep } from '../context.ts';
import type { RootfsRequest } from '../request.ts';

const path = '/usr/lib/os-release';

/** Tells scripts and the running system the version. The initramfs, which has a copy, is made without: {@link withoutVersion}. */
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
    const { mutateOsRelease: old } = request;
    const versions = text.split('\n').filter(isVersionLine);
    if (old !== undefined && !versions.some((line) => line.includes(old))) {
      context.reporter.warn(
        `VERSION and PRETTY_NAME of ${path} do not have "${old}", which mutate-os-release wants replaced`,
        `they say: ${versions.join(', ')}`,
      );
    }
    const versioned = mutateOsRelease(text, request);
    const modified = (await stat(await hostFile(root))).mtime;
    await writeTextInRoot(root, path, versioned);
    context.osRelease = { text, versioned, modified };
    context.generated.set(path, buildMetadataComponent);
  },
};

/**
 * Does what must not depend on the version while os-release is as the packages have it; what scripts have changed in it
 * stays, but for the version.
 */
export async function withoutVersion<T>(context: RootContext, work: () => Promise<T>): Promise<T> {
  const { root, request, osRelease } = context;
  const current = await readTextInRootIfExists(root, path);
  if (osRelease === undefined || current === undefined) return work();
  const isUnchanged = current === osRelease.versioned;
  await writeTextInRoot(root, path, isUnchanged ? osRelease.text : withoutVersionText(current, request));
  // dracut copies the time.
  await utimes(await hostFile(root), osRelease.modified, osRelease.modified);
  try {
    return await work();
  } finally {
    await writeTextInRoot(root, path, current);
  }
}

function withoutVersionText(text: string, request: Pick<RootfsRequest, 'version' | 'mutateOsRelease'>): string {
  const lines = text.split('\n').filter((line) => !versionKeys.includes(keyOf(line)));
  return lines.map((line) => line.replaceAll(request.version, () => request.mutateOsRelease ?? '')).join('\n');
}

const versionKeys = ['IMAGE_VERSION', 'OSTREE_VERSION'];

async function hostFile(root: string): Promise<string> {
  return hostPath(root, await resolveDirectoryInRoot(root, path));
}

/**
 * os-release(5) of one build: `mutateOsRelease` becomes the version in VERSION and PRETTY_NAME, and
 * OSTREE_VERSION, IMAGE_ID and IMAGE_VERSION say it alone. Where neither has the text, they stay.
 */
export function mutateOsRelease(
  text: string,
  request: { osName: string; version: string; mutateOsRelease: string | undefined },
): string {
  const added = { IMAGE_ID: request.osName, IMAGE_VERSION: request.version, OSTREE_VERSION: request.version };
  const lines = text.split('\n').filter((line) => line !== '' && !Object.hasOwn(added, keyOf(line)));
  const changed = lines.map((line) => replaceVersion(line, request));
  const additions = Object.entries(added).map(([key, value]) => `${key}=${quoted(value)}`);
  return `${[...changed, ...additions].join('\n')}\n`;
}

function replaceVersion(line: string, request: { version: string; mutateOsRelease: string | undefined }): string {
  const old = request.mutateOsRelease;
  return old === undefined || !isVersionLine(line) ? line : line.replaceAll(old, () => request.version);
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
