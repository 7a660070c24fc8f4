import { CosaError } from '../lib/errors.ts';
import { isHostOf, type NetworkFailure, nameOf, type Peer } from './peer.ts';
import { serverText } from './server-text.ts';
import { markTemporary } from './temporary-errors.ts';

type FailureCode = 'FAILED' | 'INTERRUPTED' | 'PLAIN_HTTP' | 'REFUSED' | 'TIMEOUT' | 'TLS' | 'UNKNOWN_HOST';

interface Explanation {
  /** What the error's code ends with. */
  code: FailureCode;
  /** Follows the server's name. */
  message: string;
  /** Unless the peer knows better. */
  hint?: (host: string) => string;
  isTemporary?: true;
}

const explanations: Readonly<Record<NetworkFailure, Explanation>> = {
  interrupted: { code: 'INTERRUPTED', message: 'the connection broke', isTemporary: true },
  timeout: {
    code: 'TIMEOUT',
    message: 'nothing came for too long',
    hint: () => 'check the network, and a proxy in between',
    isTemporary: true,
  },
  refused: {
    code: 'REFUSED',
    message: 'the connection is refused',
    hint: () => 'check that it is running, and its port',
  },
  unreachable: { code: 'REFUSED', message: 'there is no way to that host', hint: () => 'check the network' },
  'unknown-host': {
    code: 'UNKNOWN_HOST',
    message: 'the host name is not known',
    hint: (host) => `check the spelling, and the network: getent hosts ${host.replace(/:\d+$/, '')}`,
  },
  'plain-http': { code: 'PLAIN_HTTP', message: 'the server speaks no TLS' },
  'no-http': {
    code: 'FAILED',
    message: 'the server speaks no HTTP that cosa understands',
    hint: () => 'check the port, and whether the server wants TLS',
  },
  'unknown-authority': {
    code: 'TLS',
    message: 'its certificate is signed by an authority that this machine does not know',
    hint: () => 'name a file with the certificate of the authority in SSL_CERT_FILE',
  },
  'self-signed': {
    code: 'TLS',
    message: 'its certificate is signed by itself',
    hint: () => 'if it is the right one, name a file with it in SSL_CERT_FILE',
  },
  'client-certificate': { code: 'TLS', message: 'it wants a client certificate, or does not accept ours' },
};

const failures: Readonly<Record<string, NetworkFailure>> = {
  ENOTFOUND: 'unknown-host',
  EAI_AGAIN: 'unknown-host',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ECONNRESET: 'interrupted',
  EPIPE: 'interrupted',
  ERR_STREAM_PREMATURE_CLOSE: 'interrupted',
  HPE_INVALID_EOF_STATE: 'interrupted',
  ETIMEDOUT: 'timeout',
  EPROTO: 'plain-http',
  ERR_SSL_WRONG_VERSION_NUMBER: 'plain-http',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'plain-http',
  ERR_SSL_HTTP_REQUEST: 'plain-http',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown-authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown-authority',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'client-certificate',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'client-certificate',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'client-certificate',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'client-certificate',
};

/** What is wrong with a certificate, and has one cure whoever shows it. */
const certificateFaults: Readonly<Record<string, Explanation>> = {
  CERT_HAS_EXPIRED: {
    code: 'TLS',
    message: 'its certificate has expired',
    hint: () => "have it renewed, or set this machine's clock",
  },
  CERT_NOT_YET_VALID: {
    code: 'TLS',
    message: 'its certificate is not valid yet',
    hint: () => "set this machine's clock",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: 'TLS',
    message: 'its certificate is for other names',
    hint: () => 'use a name that the certificate has, or have one made for this name',
  },
};

/**
 * What a failure of the network, of TLS or of HTTP means for the user. The message names hosts alone: addresses of
 * storage hold secrets. Broken connections and silence are temporary.
 * @param url may be that of a token service or of storage
 */
export function networkError(error: unknown, url: URL, peer: Peer): CosaError {
  if (error instanceof CosaError) return error;
  const failure = failureOf(error);
  const { code, message, hint = () => undefined, isTemporary } = explain(error, failure);
  const ownHint = failure === undefined ? undefined : peer.hints?.[failure];
  const text = (ownHint ?? hint)(isHostOf(url, peer.host) ? peer.host : url.host);
  const explained = new CosaError(`${peer.codes}_${code}`, `${nameOf(peer, url)}: ${message}`, {
    cause: error,
    ...(text === undefined ? {} : { hint: text }),
  });
  return isTemporary === true ? markTemporary(explained) : explained;
}

/** The code of a failure that {@link networkError} explains as silence. */
export function timeoutFailure(message: string): Error {
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
}

function failureOf(error: unknown): NetworkFailure | undefined {
  // Since its version 3.2, OpenSSL calls those alerts by another name that were there in SSL 3.
  const code = (codeOf(error) ?? '').replace('SSL/TLS_ALERT', 'SSLV3_ALERT');
  return failures[code] ?? (code.startsWith('HPE_') ? 'no-http' : undefined);
}

function explain(error: unknown, failure: NetworkFailure | undefined): Explanation {
  if (failure !== undefined) return explanations[failure];
  const code = codeOf(error) ?? '';
  const fault = certificateFaults[code];
  if (fault !== undefined) return fault;
  const reason = serverText(error instanceof Error ? error.message : String(error));
  const isTls = code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || code.startsWith('CERT_');
  return { code: isTls ? 'TLS' : 'FAILED', message: reason };
}

/** Of several addresses of a host that all failed, the first failure counts. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  return code ?? (error instanceof AggregateError ? codeOf(error.errors[0]) : undefined);
}
