import { policyConfig, policyDirectory, policyFiles, policyPaths } from '../../../contract/selinux.ts';
import { policyError } from '../../labels/file-contexts.ts';
import { largestPolicyFile, type Policy, readPolicy } from '../../labels/policy.ts';
import type { LayerContent } from '../contents.ts';
import type { MergedDirectory, TreeContent } from './node.ts';

/** A merged tree's policy, and where it comes from. */
export interface MergedPolicy {
  policy: Policy;
  /** Whether ordinary layers have changed anything that labels are made by. */
  isChanged: boolean;
}

/**
 * Reads the policy of a tree that has the shape of a deployed system.
 * @param contents those that the tree may have, of the base if they are needed
 * @param isInBase whether the base has this content at this path
 * @throws CosaError `SELINUX_POLICY` (exit 4), what the contents throw
 */
export async function mergedPolicy(
  root: MergedDirectory,
  contents: (needsBase: boolean) => AsyncIterable<LayerContent>,
  isInBase: (path: string, checksum: string | undefined) => boolean,
): Promise<MergedPolicy | undefined> {
  const names = directoryAt(root, policyDirectory)?.entries.keys() ?? [];
  const found = new Map<string, string>();
  let needsBase = false;
  for (const path of policyPaths(names)) {
    const content = contentAt(root, path);
    if (content === undefined) continue;
    found.set(path, content.checksum);
    needsBase ||= content.place === undefined;
  }
  const bytes = await smallContents(new Set(found.values()), contents(needsBase));
  const policy = await readPolicy(async (path) => {
    const checksum = found.get(path);
    if (checksum === undefined) return undefined;
    const content = bytes.get(checksum);
    if (content === undefined) throw policyError(path, undefined, 'is a symbolic link');
    return content;
  });
  if (policy === undefined) return undefined;
  const isChanged = [policyConfig, ...policyFiles(policy.name)].some((path) => !isInBase(path, found.get(path)));
  return { policy, isChanged };
}

/** Files by their checksums; what is too large is cut, as the policy's reader wants it. */
async function smallContents(
  wanted: Set<string>,
  contents: AsyncIterable<LayerContent>,
): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  if (wanted.size === 0) return found;
  for await (const { entry } of contents) {
    if (!wanted.delete(entry.checksum)) continue;
    const chunks: Buffer[] = [];
    let room = largestPolicyFile;
    for await (const chunk of entry.content()) {
      const part = chunk.subarray(0, room);
      room -= part.length;
      chunks.push(Buffer.from(part));
    }
    if (entry.kind === 'file') found.set(entry.checksum, Buffer.concat(chunks));
    if (wanted.size === 0) break;
  }
  return found;
}

function contentAt(root: MergedDirectory, path: string): TreeContent | undefined {
  const slash = path.lastIndexOf('/');
  const node = directoryAt(root, path.slice(0, slash))?.entries.get(path.slice(slash + 1));
  return node?.kind === 'content' ? node.content : undefined;
}

function directoryAt(root: MergedDirectory, path: string): MergedDirectory | undefined {
  let directory = root;
  for (const name of path.split('/').slice(1)) {
    const below = directory.entries.get(name);
    if (below?.kind !== 'directory') return undefined;
    directory = below;
  }
  return directory;
}
