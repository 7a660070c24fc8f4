import { CosaError } from '../lib/errors.ts';

/** What can go wrong below HTTP. */
export type NetworkFailure =
  | 'unknown-host'
  | 'refused'
  | 'unreachable'
  | 'interrupted'
  | 'timeout'
  | 'plain-http'
  | 'no-http'
  | 'unknown-authority'
  | 'self-signed'
  | 'client-certificate';

/** Whom a client talks to, in the words of its errors. */
export interface Peer {
  /** What it is, for people: `registry`, `mirror`, `object store`. */
  kind: string;
  /** As the user named it: HOST[:PORT]. Others that it points to are named beside it. */
  host: string;
  /** What the codes of errors begin with: `REGISTRY` gives `REGISTRY_TIMEOUT`. */
  codes: 'REGISTRY' | 'MIRROR' | 'SERVER' | 'STORE';
  /** What the user can do, where that depends on how such servers are set up. */
  hints?: Partial<Record<NetworkFailure, (host: string) => string>>;
}

/** Names a server in a message: the peer, or another one to which it points. Nothing else of an address: it may hold secrets. */
export function nameOf({ kind, host }: Peer, url: URL): string {
  return isHostOf(url, host) ? `${kind} ${host}` : `${url.host}, to where ${kind} ${host} points`;
}

/** True if an address is of this host, with or without the port that the scheme implies. */
export function isHostOf(url: URL, host: string): boolean {
  return url.host === host.toLowerCase().replace(/:(443|80)$/, '');
}

/** The error for a peer that sends us where nobody can follow. */
export function misconfigured({ kind, host, codes }: Peer, reason: string): CosaError {
  return new CosaError(`${codes}_FAILED`, `${kind} ${host}: ${reason}`, {
    hint: `that is for the ${kind}'s administrator to set right`,
  });
}
