import { policyDirectory, policyFile, policyFiles, policyNames } from '../../contract/selinux.ts';
import { sha256Hex } from '../../lib/digest.ts';
import { labelAttribute } from '../labels.ts';
import { filesBelow, type MetadataSource, rootMetadata } from './commit-tree.ts';

/** What a commit says about SELinux, without a look into any file. */
export interface CommitSelinux {
  /** Whether its files have labels. */
  isLabelled: boolean;
  /** Policies that are there. Which one counts stands in a file; there is one as a rule. */
  policies: readonly CommitPolicy[];
}

/** A policy in a commit. */
interface CommitPolicy {
  /** `default`, `targeted`. */
  name: string;
  /** Of the policy's language: the highest that there is. Undefined for none that the kernel could load. */
  version: number | undefined;
  /** SHA-256 of the names and checksums of the files that labels are made by: the same one gives the same labels. */
  contextsDigest: string;
}

/**
 * Looks for labels and policies in a commit's metadata.
 * @throws CosaError `OBJECT_MISSING`, `OBJECT_INVALID`, `TREE_TOO_LARGE` (exit 4)
 */
export async function commitSelinux(tree: MetadataSource, commit: string): Promise<CommitSelinux> {
  const { xattrs } = await rootMetadata(tree, commit);
  const files = new Map(
    (await filesBelow(tree, commit, policyDirectory)).map(({ path, checksum }) => [path, checksum]),
  );
  const directories = new Set(
    [...files.keys()].map((path) => path.slice(policyDirectory.length + 1).split('/')[0] ?? ''),
  );
  const policies = policyNames(directories).flatMap((name) => policyOf(name, files));
  return { isLabelled: xattrs.some(({ name }) => name === labelAttribute), policies };
}

function policyOf(name: string, files: ReadonlyMap<string, string>): CommitPolicy[] {
  // The tools of a policy may be there without one.
  if (!files.has(policyFile(name, 'file_contexts'))) return [];
  const prefix = `${policyDirectory}/${name}/policy/policy.`;
  const versions = [...files.keys()].flatMap((path) => {
    const number = path.startsWith(prefix) ? path.slice(prefix.length) : '';
    return /^[0-9]{1,4}$/.test(number) ? [Number(number)] : [];
  });
  const lines = policyFiles(name).map((path) => `${path} ${files.get(path) ?? ''}\n`);
  return [
    {
      name,
      version: versions.length === 0 ? undefined : Math.max(...versions),
      contextsDigest: `sha256:${sha256Hex(Buffer.from(lines.join('')))}`,
    },
  ];
}
