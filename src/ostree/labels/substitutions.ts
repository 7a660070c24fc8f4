import { policyError } from './file-contexts.ts';

/** A directory that is looked up as if it were another one. */
export interface Substitution {
  from: string;
  to: string;
}

const mostBytes = 1 << 20;
/** Each path is compared with all of them. */
const mostSubstitutions = 1000;

/**
 * Parses a file of equivalences: file_contexts.subs or file_contexts.subs_dist.
 * @param file its path, for messages
 * @returns in the order in which they count: what stands last is tried first
 * @throws CosaError `SELINUX_POLICY` for more than are accepted
 */
export function parseSubstitutions(content: Uint8Array, file: string): Substitution[] {
  if (content.length > mostBytes) {
    throw policyError(file, undefined, `has ${content.length} bytes; ${mostBytes} are accepted`);
  }
  const all: Substitution[] = [];
  for (const line of Buffer.from(content).toString('latin1').split('\n')) {
    const [from, to] = line.split(/[ \t\v\f\r]+/).filter((word) => word !== '');
    if (from === undefined || to === undefined || from.startsWith('#')) continue;
    all.push({ from, to });
  }
  if (all.length > mostSubstitutions) {
    throw policyError(file, undefined, `has ${all.length} equivalent directories; ${mostSubstitutions} are accepted`);
  }
  return all.reverse();
}

/** A path with the first substitution that it begins with: once, not again with what results. */
export function substitute(path: string, substitutions: readonly Substitution[]): string {
  for (const { from, to } of substitutions) {
    if (!path.startsWith(from)) continue;
    const rest = path.slice(from.length);
    if (rest !== '' && !rest.startsWith('/')) continue;
    return `${to}${to === '/' ? rest.slice(1) : rest}`;
  }
  return path;
}
