import { CosaError } from '../lib/errors.ts';
import type { RegistryResponse } from '../oci/registry/client.ts';
import type { Exchange } from './transport.ts';

const redirectStatuses = [301, 302, 303, 307, 308];
/** Those that keep method and body (RFC 9110, section 15.4): any request can follow them, as bodies can be begun anew. */
const keepingStatuses = [307, 308];
const mostRedirects = 5;

/** Where redirects may lead. */
export interface RedirectRules {
  /** The host that the user named, for messages. */
  registry: string;
  /** True if a server may be talked to without TLS. */
  mayBePlain: (url: URL) => boolean;
}

/**
 * Sends a request and follows redirects, as registries point to their storage with them; of requests that change something,
 * only those that keep the method. From the
 * first other origin on nothing is sent that says who we are, not even when the way leads back.
 * @throws CosaError `REGISTRY_FAILED` for a redirect that leads nowhere, in a circle, or away from TLS
 */
export async function follow(
  send: (exchange: Exchange) => Promise<RegistryResponse>,
  first: Exchange,
  rules: RedirectRules,
): Promise<RegistryResponse> {
  let next = first;
  for (let hops = 0; hops <= mostRedirects; hops += 1) {
    const answer = await send(next);
    const isRead = next.method === 'GET' || next.method === 'HEAD';
    if (!(isRead ? redirectStatuses : keepingStatuses).includes(answer.status)) return answer;
    await answer.discard();
    const url = target(answer, rules);
    const headers = url.origin === next.url.origin ? next.headers : withoutAuthorization(next.headers);
    next = { ...next, url, headers };
  }
  throw failed(rules, `it redirects more than ${mostRedirects} times`);
}

function target(answer: RegistryResponse, rules: RedirectRules): URL {
  const location = answer.header('location');
  if (location === undefined || !URL.canParse(location, answer.url.href))
    throw failed(rules, 'it redirects to no address');
  const url = new URL(location, answer.url);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw failed(rules, 'it redirects to what is not HTTP');
  if (url.protocol === 'http:' && (answer.url.protocol === 'https:' || !rules.mayBePlain(url))) {
    throw failed(rules, `it redirects away from TLS, to http://${url.host}`);
  }
  // An address's own user and password would be sent as authorization.
  url.username = '';
  url.password = '';
  return url;
}

function withoutAuthorization(headers: Exchange['headers']): Exchange['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
}

function failed(rules: RedirectRules, reason: string): CosaError {
  return new CosaError('REGISTRY_FAILED', `registry ${rules.registry}: ${reason}`, {
    hint: "that is for the registry's administrator to set right",
  });
}
