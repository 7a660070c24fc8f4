import { readBytesInRootIfExists } from '../lib/root-files.ts';
import type { Xattr } from '../lib/xattr.ts';
import type { FileKind } from './labels/file-contexts.ts';
import { type Policy, readPolicy } from './labels/policy.ts';

/** The name of the attribute that a label is kept in. */
export const labelAttribute = 'security.selinux';

/** Labels of a tree's paths. */
export interface Labels {
  /**
   * @param path absolute, in the tree
   * @returns the same object for the same label; undefined where the policy has none
   */
  of(path: string, kind: FileKind): Xattr | undefined;
}

/** How the files of `/usr/etc` are labelled: by their own paths, or by those that they have in `/etc`. */
export type LabelVersion = 0 | 1;

/**
 * Reads the policy of a tree on the host.
 * @param root of a tree that has `/usr/etc`; links in it lead nowhere else
 * @throws CosaError `SELINUX_POLICY` (exit 4), and what reading throws
 */
export function policyOfRoot(root: string): Promise<Policy | undefined> {
  return readPolicy((path) => readBytesInRootIfExists(root, path));
}

/**
 * Labels for a commit, as `ostree commit --selinux-policy` gives them.
 * https://github.com/ostreedev/ostree/blob/main/src/libostree/ostree-repo-commit.c
 */
export function commitLabels(policy: Policy, version: LabelVersion): Labels {
  const isEtc = (path: string) => version === 1 && (path === '/usr/etc' || path.startsWith('/usr/etc/'));
  return labelsBy(policy, (path) => byteString(isEtc(path) ? path.slice('/usr'.length) : path));
}

/** Labels of a running system's paths, with a character for each byte of them. */
export function byteLabels(policy: Policy): Labels {
  return labelsBy(policy, (path) => path);
}

/** @param lookedUp the path that a policy knows in the place of the given one, a character a byte */
function labelsBy({ contextOf }: Policy, lookedUp: (path: string) => string): Labels {
  const attributes = new Map<string, Xattr>();
  return {
    of(path, kind) {
      // The policy has none for it, for a kernel's filesystem is mounted there; the directory below is to have one.
      const context = contextOf(path === '/proc' ? '/mnt' : lookedUp(path), kind);
      if (context === undefined) return undefined;
      const attribute = attributes.get(context) ?? labelOf(context);
      attributes.set(context, attribute);
      return attribute;
    },
  };
}

/** A label as it is stored: with a zero at its end. */
export function labelOf(context: string): Xattr {
  return { name: labelAttribute, value: Buffer.from(`${context}\0`) };
}

/** The context of a label. */
export function contextOf({ value }: Xattr): string {
  return Buffer.from(value).toString().replace(/\0$/, '');
}

const labelAlone = new WeakMap<Xattr, readonly Xattr[]>();

/**
 * Attributes with this label, or with none, in the place of the one that they have.
 * @returns the same list for the same label where there are no others: most files have no others
 */
export function withLabel(xattrs: readonly Xattr[], label: Xattr | undefined): readonly Xattr[] {
  const others = xattrs.length === 0 ? xattrs : xattrs.filter(({ name }) => name !== labelAttribute);
  if (label === undefined) return others;
  if (others.length > 0) return [...others, label];
  const alone = labelAlone.get(label) ?? [label];
  labelAlone.set(label, alone);
  return alone;
}

/** A character a byte. */
function byteString(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is in ASCII is the same in bytes
  return /^[\x00-\x7f]*$/.test(path) ? path : Buffer.from(path).toString('latin1');
}
