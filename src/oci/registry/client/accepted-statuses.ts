import type { Exchange, HttpResponse } from '../../../http/exchange.ts';
import type { RefusalCode } from '../client.ts';
import { answerError, answererName } from './answer-errors.ts';
import type { AuthorizedRequest, AuthorizedResponse } from './authorization.ts';

/** A request that says which answers it expects. */
export interface AcceptedRequest extends AuthorizedRequest {
  /** Statuses that the caller deals with. */
  accept: readonly number[];
  refusalCode?: RefusalCode | undefined;
  /** What is asked for, for messages: `HEAD manifests/testing-devel`. */
  what: string;
}

/** Whose answers they are. */
interface Answerer {
  /** The registry, as it stands in references. */
  host: string;
  /** Its address: what another one answers is not the registry's to say. */
  base: URL;
  /** Takes secrets out of what a server says. */
  hide: (text: string) => string;
}

/**
 * The layer that makes errors of answers which nobody expected; it reads their bodies.
 * @throws CosaError as {@link answerError} says
 */
export function withAcceptedStatuses(
  next: Exchange<AuthorizedRequest, AuthorizedResponse>,
  { host, base, hide }: Answerer,
): Exchange<AcceptedRequest, HttpResponse> {
  return async ({ accept, refusalCode, what, ...request }) => {
    const answer = await next(request);
    if (accept.includes(answer.status)) return answer;
    throw await answerError(answer, {
      host,
      what,
      scope: request.scopes[0],
      answeredBy: answererName(answer.url, base),
      isOwn: answer.url.origin === base.origin,
      isKnown: answer.isKnown,
      refusalCode,
      hide,
    });
  };
}
