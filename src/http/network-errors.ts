import { CosaError } from '../lib/errors.ts';
import { serverText } from './server-text.ts';

interface Explanation {
  code: string;
  /** Follows the server's name. */
  message: string;
  hint?: (host: string) => string;
}

const interrupted: Explanation = { code: 'REGISTRY_INTERRUPTED', message: 'the connection broke' };
const timeout: Explanation = {
  code: 'REGISTRY_TIMEOUT',
  message: 'nothing came for too long',
  hint: () => 'check the network, and a proxy in between',
};
const refused: Explanation = {
  code: 'REGISTRY_REFUSED',
  message: 'the connection is refused',
  hint: () => 'check that it is running, and its port',
};
const unreachable: Explanation = {
  code: 'REGISTRY_REFUSED',
  message: 'there is no way to that host',
  hint: () => 'check the network',
};
const unknownHost: Explanation = {
  code: 'REGISTRY_UNKNOWN_HOST',
  message: 'the host name is not known',
  hint: (host) => `check the spelling, and the network: getent hosts ${host.replace(/:\d+$/, '')}`,
};
const plainHttp: Explanation = {
  code: 'REGISTRY_PLAIN_HTTP',
  message: 'the server speaks no TLS',
  hint: (host) => `if that is meant, allow it: --plain-http ${host}`,
};
const noHttp: Explanation = {
  code: 'REGISTRY_FAILED',
  message: 'the server speaks no HTTP that cosa understands',
  hint: () => 'check the port, and whether the server wants TLS',
};
const unknownAuthority: Explanation = {
  code: 'REGISTRY_TLS',
  message: 'its certificate is signed by an authority that this machine does not know',
  hint: (host) => `put the authority's certificate into DIR/${host}/ca.crt and give --cert-dir DIR`,
};
const selfSigned: Explanation = {
  code: 'REGISTRY_TLS',
  message: 'its certificate is signed by itself',
  hint: (host) => `if it is the right one, put it into DIR/${host}/ca.crt and give --cert-dir DIR`,
};
const clientCertificate: Explanation = {
  code: 'REGISTRY_TLS',
  message: 'it wants a client certificate, or does not accept ours',
  hint: (host) => `put client.cert and client.key into DIR/${host}/ and give --cert-dir DIR`,
};

const explanations: Readonly<Record<string, Explanation>> = {
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  ECONNREFUSED: refused,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ECONNRESET: interrupted,
  EPIPE: interrupted,
  UND_ERR_SOCKET: interrupted,
  UND_ERR_INFO: interrupted,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: interrupted,
  HPE_INVALID_EOF_STATE: interrupted,
  ETIMEDOUT: timeout,
  UND_ERR_CONNECT_TIMEOUT: timeout,
  UND_ERR_HEADERS_TIMEOUT: timeout,
  UND_ERR_BODY_TIMEOUT: timeout,
  EPROTO: plainHttp,
  ERR_SSL_WRONG_VERSION_NUMBER: plainHttp,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: plainHttp,
  ERR_SSL_HTTP_REQUEST: plainHttp,
  CERT_HAS_EXPIRED: {
    code: 'REGISTRY_TLS',
    message: 'its certificate has expired',
    hint: () => "have it renewed, or set this machine's clock",
  },
  CERT_NOT_YET_VALID: {
    code: 'REGISTRY_TLS',
    message: 'its certificate is not valid yet',
    hint: () => "set this machine's clock",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: 'REGISTRY_TLS',
    message: 'its certificate is for other names',
    hint: () => 'use a name that the certificate has, or have one made for this name',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: clientCertificate,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: clientCertificate,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: clientCertificate,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: clientCertificate,
};

/**
 * What a failure of the network, of TLS or of HTTP means for the user. The message names hosts alone: addresses of
 * storage hold secrets.
 * @param registry the host that the user named; `url` may be that of a token service or of storage
 */
export function networkError(error: unknown, url: URL, registry: string): CosaError {
  if (error instanceof CosaError) return error;
  const { code, message, hint } = explain(error);
  const server = isSameHost(url, registry)
    ? `registry ${registry}`
    : `${url.host}, to where registry ${registry} points`;
  return new CosaError(code, `${server}: ${message}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint: hint(isSameHost(url, registry) ? registry : url.host) }),
  });
}

function explain(error: unknown): Explanation {
  const code = codeOf(error) ?? '';
  // Since its version 3.2, OpenSSL calls those alerts by another name that were there in SSL 3.
  const known = explanations[code.replace('SSL/TLS_ALERT', 'SSLV3_ALERT')];
  if (known !== undefined) return known;
  if (error instanceof Error && error.name === 'HTTPParserError') return noHttp;
  const reason = serverText(error instanceof Error ? error.message : String(error));
  const isTls = code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || code.startsWith('CERT_');
  return { code: isTls ? 'REGISTRY_TLS' : 'REGISTRY_FAILED', message: reason };
}

/** Of several addresses of a host that all failed, the first failure counts. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  return code ?? (error instanceof AggregateError ? codeOf(error.errors[0]) : undefined);
}

function isSameHost(url: URL, registry: string): boolean {
  return url.host === registry.toLowerCase().replace(/:(443|80)$/, '');
}
