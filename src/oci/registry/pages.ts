import { answerInvalid, type RepositoryRequest, type RepositoryRequests } from './requests.ts';

/** Far more than any repository has: with the usual thousand entries a page, a million. */
const maximumPages = 1000;
const maximumPageBytes = 16 * 1024 * 1024;

/** One page of a list. */
export interface Page {
  status: number;
  header(name: string): string | undefined;
  text: string;
}

/**
 * Reads a list page by page, along the `Link` headers.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-tags
 * @param what is listed, in messages: `the list of tags`
 * @throws CosaError `REGISTRY_ANSWER_INVALID` (exit 4) for links in a circle or without end, what
 *   `RegistryClient.request` throws
 */
export async function* pages(
  requests: RepositoryRequests,
  request: RepositoryRequest,
  what: string,
): AsyncGenerator<Page> {
  const visited = new Set<string>();
  let path = request.path;
  while (true) {
    const { answer, bytes } = await requests.read({ ...request, path }, what, maximumPageBytes);
    visited.add(answer.url.href);
    yield { status: answer.status, header: answer.header, text: bytes.toString() };
    const next = nextPage(answer.header('link'));
    if (next === undefined) return;
    if (!URL.canParse(next, answer.url.href)) throw answerInvalid(requests.where, `${what} goes on at no address`);
    path = new URL(next, answer.url);
    if (visited.has(path.href)) throw answerInvalid(requests.where, `${what} leads back to a page that was read`);
    if (visited.size >= maximumPages) {
      throw answerInvalid(requests.where, `${what} has more than ${maximumPages} pages`);
    }
  }
}

/** The target of a `Link` header (RFC 8288) whose relation is `next`. */
export function nextPage(header: string | undefined): string | undefined {
  for (const [, target, parameters] of (header ?? '').matchAll(/<([^>]*)>((?:\s*;[^,;]*)*)/g)) {
    if (/;\s*rel\s*=\s*(?:next\s*(?:;|$)|"(?:[^"]*\s)?next(?:\s[^"]*)?")/i.test(parameters ?? '')) return target;
  }
  return undefined;
}
