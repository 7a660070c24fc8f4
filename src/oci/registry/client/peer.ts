import type { Peer } from '../../../http/peer.ts';

/** A registry as the errors of its client name it. @param host as it stands in references */
export function registryPeer(host: string): Peer {
  return {
    kind: 'registry',
    host,
    codes: 'REGISTRY',
    hints: {
      'plain-http': (server) => `if that is meant, allow it: --plain-http ${server}`,
      'unknown-authority': (server) =>
        `put the authority's certificate into DIR/${server}/ca.crt and give --cert-dir DIR`,
      'self-signed': (server) => `if it is the right one, put it into DIR/${server}/ca.crt and give --cert-dir DIR`,
      'client-certificate': (server) => `put client.cert and client.key into DIR/${server}/ and give --cert-dir DIR`,
    },
  };
}
