import { transports } from '../transports.ts';
import { noScopes, pathScopes, type ScopeSyntax, unknownScopes } from './scopes.ts';

/**
 * Not a transport, but where a policy says by whom test results must be signed. Other readers of the file pass over transports
 * that they do not know, and refuse it for any other key that they do not know.
 */
export const verdictTransport = 'cosa-test-result';

/** Without a look at where a path leads: cosa reads nothing there. */
const otherPaths: ScopeSyntax = { unmatchableReason: pathScopes.unmatchableReason };

/** What other tools read in the same file. */
const ofOtherTools: Readonly<Record<string, ScopeSyntax>> = {
  'docker-daemon': unknownScopes,
  'containers-storage': unknownScopes,
  atomic: unknownScopes,
  ostree: unknownScopes,
  dir: otherPaths,
  sif: otherPaths,
  'docker-archive': noScopes,
  tarball: noScopes,
  [verdictTransport]: noScopes,
};

/** How the scopes of a transport are written in a policy; `undefined` for a transport that nobody knows. */
export function scopeSyntaxOf(transport: string): ScopeSyntax | undefined {
  if (Object.hasOwn(ofOtherTools, transport)) return ofOtherTools[transport];
  return transports.find(({ name }) => name === transport)?.scopes;
}

/** The transports that a policy may name. */
export function policyTransports(): string[] {
  const ours = transports.filter(({ scopes }) => scopes !== undefined).map(({ name }) => name);
  return [...ours, ...Object.keys(ofOtherTools)];
}
