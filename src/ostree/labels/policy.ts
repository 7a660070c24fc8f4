import { sortByBytes } from '../../lib/order.ts';
import { printable } from '../../lib/printable.ts';
import { mostContextBytes, parseFileContexts, policyError } from './file-contexts.ts';
import { type Matcher, matcherOf } from './matcher.ts';
import { parseSubstitutions } from './substitutions.ts';

/** Reads a file of a system. @returns undefined for none; a file that is too large may be cut behind {@link largestPolicyFile} */
export type PolicyReader = (path: string) => Promise<Uint8Array | undefined>;

/** A system's policy, as far as it labels files. */
export interface Policy {
  /** `default`, `targeted`. */
  name: string;
  contextOf: Matcher;
}

/** Where a tree has its policies that is not deployed yet. */
export const policyDirectory = '/usr/etc/selinux';
/** What says which policy counts. */
const policyConfig = `${policyDirectory}/config`;

/** Bytes; of a larger file this is enough to see that it is larger. */
export const largestPolicyFile = mostContextBytes + 1;

/** Later ones win, each in itself as well: see selabel_file(5). Those with `.bin` behind it are the same, compiled. */
const contextFiles = ['file_contexts', 'file_contexts.homedirs', 'file_contexts.local'] as const;
const substitutionFiles = ['file_contexts.subs', 'file_contexts.subs_dist'] as const;

/** A directory's name that stands in no path as anything else. */
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

/** A system has one or two: those of others are not looked at. */
const mostPolicies = 4;

/**
 * What labels a system by any of its policies: which one counts stands in one of the files.
 * @param names what there is in {@link policyDirectory}
 */
export function policyPaths(names: Iterable<string>): string[] {
  return [policyConfig, ...sortByBytes(names).filter(isPolicyName).slice(0, mostPolicies).flatMap(policyFiles)];
}

/** The files that label a system by a policy of this name. */
export function policyFiles(name: string): string[] {
  return [...contextFiles, ...substitutionFiles].map((file) => policyFile(name, file));
}

/** Whether a policy can have this name. */
function isPolicyName(name: string): boolean {
  return namePattern.test(name);
}

function policyFile(name: string, file: string): string {
  return `${policyDirectory}/${name}/contexts/files/${file}`;
}

/**
 * Reads the policy that a system starts with, as ostree finds it.
 * https://github.com/ostreedev/ostree/blob/main/src/libostree/ostree-sepolicy.c
 * @returns undefined for a system that has SELinux disabled, or no policy
 * @throws CosaError `SELINUX_POLICY` for one that cannot be used; what the reader throws
 */
export async function readPolicy(read: PolicyReader): Promise<Policy | undefined> {
  const config = await read(policyConfig);
  const name = config === undefined ? undefined : chosenPolicy(Buffer.from(config).toString());
  if (name === undefined) return undefined;
  const rules = [];
  for (const file of contextFiles) {
    const path = policyFile(name, file);
    const content = await read(path);
    // The tools of a policy may be there without one.
    if (content === undefined && file === 'file_contexts') return undefined;
    if (content !== undefined) rules.push(...parseFileContexts(content, path));
  }
  const substitutions = [];
  for (const file of substitutionFiles) {
    const path = policyFile(name, file);
    substitutions.push(parseSubstitutions((await read(path)) ?? new Uint8Array(), path));
  }
  return { name, contextOf: matcherOf({ rules, substitutions }) };
}

/** The policy that /etc/selinux/config names; undefined where SELinux is disabled. */
function chosenPolicy(config: string): string | undefined {
  let isEnabled = false;
  let name: string | undefined;
  for (const line of config.split('\n')) {
    if (line.startsWith('SELINUXTYPE=')) name = line.slice('SELINUXTYPE='.length).trim();
    else if (/^SELINUX=(enforcing|permissive)/i.test(line) && line.startsWith('SELINUX=')) isEnabled = true;
  }
  if (!isEnabled) return undefined;
  if (name === undefined) throw policyError(policyConfig, undefined, 'names no policy: SELINUXTYPE= is missing');
  if (!isPolicyName(name)) {
    throw policyError(policyConfig, undefined, `has a name of a policy that is none: ${printable(name)}`);
  }
  return name;
}
