import { isDeepStrictEqual } from 'node:util';
import { sortByBytes } from '../../lib/order.ts';
import type { Image } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import { listFiles } from '../../ostree/unpack/commit-tree.ts';
import type { ImageTree } from '../../ostree/unpack/image-tree.ts';
import { readImageTree } from '../../ostree/unpack/read-files.ts';
import { type CommitSelinux, commitSelinux } from '../../ostree/unpack/selinux.ts';
import { runStep } from '../../progress/step.ts';
import { type Download, downloadBetween } from '../../workspace/containers/download.ts';
import { embeddedLockfile } from '../../workspace/containers/embedded-lockfile.ts';
import { type PackageChanges, packageChanges } from '../../workspace/containers/package-changes.ts';
import { type ContainerSummary, summarize } from '../../workspace/containers/summary.ts';
import { resolveImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { type ChangelogDifference, changelogDifference } from './diff/changelog.ts';

/** Absolute paths, sorted. */
interface FileChanges {
  added: readonly string[];
  removed: readonly string[];
  changed: readonly string[];
}

interface SelinuxChange {
  from: CommitSelinux;
  to: CommitSelinux;
  /** Whether there are labels in one alone, or other rules by which they are made: then files differ by their labels, too. */
  changed: boolean;
}

export interface ContainerDifference extends Download {
  from: ContainerSummary;
  to: ContainerSummary;
  packages: PackageChanges;
  files: FileChanges;
  selinux: SelinuxChange;
  /** Undefined unless it was asked for. */
  changelog: ChangelogDifference | undefined;
}

/**
 * What an update from one container to another brings and costs. No file content is read.
 * @param options.changelog true also compares what lies beside the containers of their packages' changelogs
 * @throws CosaError what `resolveImage` and `readImageTree` throw
 */
export async function diffContainers(
  session: Session,
  directory: string,
  from: string,
  to: string,
  options: { changelog: boolean },
): Promise<ContainerDifference> {
  const [a, b] = await Promise.all([resolveImage(session, directory, from), resolveImage(session, directory, to)]);
  const [contentA, contentB] = await runStep(session, 'read both containers', async () => [
    await readContent(a.reference.reader, a.image),
    await readContent(b.reference.reader, b.image),
  ]);
  const packages = packageChanges(contentA.packages, contentB.packages);
  const changelog = options.changelog
    ? await runStep(session, 'read changelogs', () =>
        changelogDifference(a, b, packages.upgraded, contentB.packages.packages),
      )
    : undefined;
  return {
    from: summarize(a.image),
    to: summarize(b.image),
    packages,
    changelog,
    files: fileChanges(contentA.files, contentB.files),
    selinux: selinuxChange(contentA.selinux, contentB.selinux),
    ...downloadBetween(a.image, b.image),
  };
}

async function readContent(reader: ContentReader, image: Image) {
  const tree = await readImageTree(reader, image);
  const lock = await embeddedLockfile(reader, image, tree);
  const selinux = await commitSelinux(tree, tree.commit);
  return { files: await checksums(tree), selinux, packages: lock ?? { family: undefined, packages: [] } };
}

async function checksums(tree: ImageTree): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { path, checksum } of listFiles(tree, tree.commit)) files.set(path, checksum);
  return files;
}

function fileChanges(from: ReadonlyMap<string, string>, to: ReadonlyMap<string, string>): FileChanges {
  const paths = [...to.keys()];
  return {
    added: sortByBytes(paths.filter((path) => !from.has(path))),
    removed: sortByBytes([...from.keys()].filter((path) => !to.has(path))),
    changed: sortByBytes(paths.filter((path) => from.has(path) && from.get(path) !== to.get(path))),
  };
}

function selinuxChange(from: CommitSelinux, to: CommitSelinux): SelinuxChange {
  return { from, to, changed: !isDeepStrictEqual(from, to) };
}
