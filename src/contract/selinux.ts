import { sortByBytes } from '../lib/order.ts';

/** Where a container has its SELinux policies, in the tree of its commit. */
export const policyDirectory = '/usr/etc/selinux';
/** What says which policy counts. */
export const policyConfig = `${policyDirectory}/config`;

/** Later ones win, each in itself as well: see selabel_file(5). Those with `.bin` behind it are the same, compiled. */
export const contextFiles = ['file_contexts', 'file_contexts.homedirs', 'file_contexts.local'] as const;
export const substitutionFiles = ['file_contexts.subs', 'file_contexts.subs_dist'] as const;

/** A directory's name that stands in no path as anything else. */
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

/** A system has one or two: those of others are not looked at. */
const mostPolicies = 4;

/** Whether a policy can have this name. */
export function isPolicyName(name: string): boolean {
  return namePattern.test(name);
}

/**
 * Policies that may count.
 * @param names what there is in {@link policyDirectory}
 */
export function policyNames(names: Iterable<string>): string[] {
  return sortByBytes(names).filter(isPolicyName).slice(0, mostPolicies);
}

/** What labels a system by any of its policies, as {@link policyNames} has them: which one counts stands in one of the files. */
export function policyPaths(names: Iterable<string>): string[] {
  return [policyConfig, ...policyNames(names).flatMap(policyFiles)];
}

/** The files that label a system by a policy of this name. */
export function policyFiles(name: string): string[] {
  return [...contextFiles, ...substitutionFiles].map((file) => policyFile(name, file));
}

export function policyFile(name: string, file: string): string {
  return `${policyDirectory}/${name}/contexts/files/${file}`;
}

/**
 * What a system's `/etc/selinux/config` says, read as ostree reads it.
 * https://github.com/ostreedev/ostree/blob/main/src/libostree/ostree-sepolicy.c
 */
export function parseSelinuxConfig(text: string): { isEnabled: boolean; policy: string | undefined } {
  let isEnabled = false;
  let policy: string | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('SELINUXTYPE=')) policy = line.slice('SELINUXTYPE='.length).trim();
    else if (/^SELINUX=(enforcing|permissive)/i.test(line) && line.startsWith('SELINUX=')) isEnabled = true;
  }
  return { isEnabled, policy };
}
