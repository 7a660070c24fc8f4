import {
  contextFiles,
  isPolicyName,
  parseSelinuxConfig,
  policyConfig,
  policyFile,
  substitutionFiles,
} from '../../contract/selinux.ts';
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

/** Bytes; of a larger file this is enough to see that it is larger. */
export const largestPolicyFile = mostContextBytes + 1;

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
  const { isEnabled, policy } = parseSelinuxConfig(config);
  if (!isEnabled) return undefined;
  if (policy === undefined) throw policyError(policyConfig, undefined, 'names no policy: SELINUXTYPE= is missing');
  if (isPolicyName(policy)) return policy;
  throw policyError(policyConfig, undefined, `has a name of a policy that is none: ${printable(policy)}`);
}
