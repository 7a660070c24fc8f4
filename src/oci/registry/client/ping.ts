import type { HttpResponse } from '../../../http/exchange.ts';
import { CosaError } from '../../../lib/errors.ts';
import { answerError } from './answer-errors.ts';
import { type Challenge, parseChallenges } from './challenge.ts';

/** How a registry is reached. */
export interface Contact {
  /** `https://registry.test/v2/` */
  base: URL;
  /** What it demands of everybody; empty if it talks to anyone. */
  challenges: readonly Challenge[];
}

/**
 * Finds out how a registry is reached, and what it demands:
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#determining-support. TLS comes first; HTTP
 * follows only where it is allowed and the server has no TLS.
 * @param send sends a GET
 * @param hide takes secrets out of what the server says
 * @throws CosaError as the registry's client does
 */
export async function ping(
  host: string,
  address: string,
  mayBePlain: (url: URL) => boolean,
  send: (url: URL) => Promise<HttpResponse>,
  hide: (text: string) => string,
): Promise<Contact> {
  const secure = new URL(`https://${address}/v2/`);
  const plain = new URL(`http://${address}/v2/`);
  try {
    return await pingAt(secure, host, send, hide);
  } catch (error) {
    if (!mayBePlain(plain) || !meansNoTls(error, secure)) throw error;
    try {
      return await pingAt(plain, host, send, hide);
    } catch (second) {
      // A server that broke the first connection need not be one without TLS: then the second says less.
      const isNoBetter = hasCode(second, 'REGISTRY_FAILED') || hasCode(second, 'REGISTRY_INTERRUPTED');
      throw hasCode(error, 'REGISTRY_INTERRUPTED') && isNoBetter ? error : second;
    }
  }
}

async function pingAt(
  base: URL,
  host: string,
  send: (url: URL) => Promise<HttpResponse>,
  hide: (text: string) => string,
): Promise<Contact> {
  const answer = await send(base);
  if (answer.status === 200 || answer.status === 401) {
    await answer.discard();
    // What another host demands is not for our credentials to meet.
    const isOwn = answer.url.origin === base.origin;
    return { base, challenges: isOwn ? parseChallenges(answer.header('www-authenticate') ?? '') : [] };
  }
  if (answer.status === 404) {
    await answer.discard();
    throw new CosaError('REGISTRY_FAILED', `registry ${host}: the server is no container registry: it has no /v2/`, {
      hint: 'check the host and the port',
    });
  }
  const asked = {
    host,
    what: 'GET /v2/',
    scope: undefined,
    answeredBy: 'the server',
    isOwn: true,
    isKnown: false,
    hide,
  };
  throw await answerError(answer, asked);
}

function meansNoTls(error: unknown, secure: URL): boolean {
  if (hasCode(error, 'REGISTRY_PLAIN_HTTP') || hasCode(error, 'REGISTRY_INTERRUPTED')) return true;
  // HTTP's own port is another one.
  return secure.port === '' && hasCode(error, 'REGISTRY_REFUSED');
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof CosaError && error.code === code;
}
