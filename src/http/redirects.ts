import type { Exchange, HttpRequest, HttpResponse } from './exchange.ts';
import { misconfigured, type Peer } from './peer.ts';

const redirectStatuses = [301, 302, 303, 307, 308];
/** Those that keep method and body (RFC 9110, section 15.4): any request can follow them, as bodies can be begun anew. */
const keepingStatuses = [307, 308];
const mostRedirects = 5;

/** Where redirects may lead. */
export interface RedirectRules {
  /** True if a server may be talked to without TLS. */
  mayBePlain: (url: URL) => boolean;
  /** True where a way may lead from TLS to a server without: for content whose hash is known, in requests that say nothing of us. */
  mayLeaveTls: boolean;
}

/**
 * The layer that follows redirects, as servers point to their storage with them; of requests that change something,
 * only those redirects that keep the method. From the first other origin on nothing is sent that says who we are, not
 * even when the way leads back.
 * @throws CosaError `…_FAILED` for a redirect that leads nowhere, in a circle, away from TLS, or with a secret body to
 *   another origin
 */
export function withRedirects(next: Exchange, peer: Peer, rules: RedirectRules): Exchange {
  return async (first) => {
    let request = first;
    for (let hops = 0; hops <= mostRedirects; hops += 1) {
      const answer = await next(request);
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (!(isRead ? redirectStatuses : keepingStatuses).includes(answer.status)) return answer;
      await answer.discard();
      const url = target(answer, peer, rules);
      const isSameOrigin = url.origin === request.url.origin;
      if (!isSameOrigin && request.isBodySecret === true) {
        throw misconfigured(peer, `it redirects to ${url.host} what says who we are`);
      }
      const headers = isSameOrigin ? request.headers : withoutSecrets(request.headers);
      request = { ...request, url, headers };
    }
    throw misconfigured(peer, `it redirects more than ${mostRedirects} times`);
  };
}

function target(answer: HttpResponse, peer: Peer, { mayBePlain, mayLeaveTls }: RedirectRules): URL {
  const location = answer.header('location');
  if (location === undefined || !URL.canParse(location, answer.url.href)) {
    throw misconfigured(peer, 'it redirects to no address');
  }
  const url = new URL(location, answer.url);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw misconfigured(peer, 'it redirects to what is not HTTP');
  }
  const leavesTls = answer.url.protocol === 'https:' && !mayLeaveTls;
  if (url.protocol === 'http:' && (leavesTls || !mayBePlain(url))) {
    throw misconfigured(peer, `it redirects away from TLS, to http://${url.host}`);
  }
  // An address's own user and password would be sent as authorization.
  url.username = '';
  url.password = '';
  return url;
}

function withoutSecrets(headers: HttpRequest['headers'] = {}): HttpRequest['headers'] {
  const secret = ['authorization', 'cookie'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !secret.includes(name.toLowerCase())));
}
