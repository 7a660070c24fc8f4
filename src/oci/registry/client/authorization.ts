import type { Exchange, HttpRequest, HttpResponse } from '../../../http/exchange.ts';
import { waitWhile } from '../../../http/wait-while.ts';
import type { RegistryScope } from '../client.ts';
import { type AuthorizerContext, createAuthorizer, type Proof } from './authorizer.ts';
import { type Challenge, parseChallenges } from './challenge.ts';

/** A request that says what it is to be allowed. */
export interface AuthorizedRequest extends HttpRequest {
  scopes: readonly RegistryScope[];
}

export interface AuthorizedResponse extends HttpResponse {
  /** True if we said who we are. */
  isKnown: boolean;
}

/**
 * The layer that says who asks, in requests to the registry itself, and answers its challenges: a request that is
 * refused with 401 is sent once more, with a better proof if there is one.
 * @param first the challenges that the ping was answered with
 * @param keepSecret told of what goes out and must not be shown, before it goes
 * @throws CosaError what `context.requestToken` throws, `REGISTRY_FAILED` for a challenge that leads nowhere safe
 */
export function withAuthorization(
  next: Exchange,
  context: AuthorizerContext,
  first: readonly Challenge[],
  keepSecret: (secrets: readonly string[]) => void,
): Exchange<AuthorizedRequest, AuthorizedResponse> {
  const authorizer = createAuthorizer(context, first);

  async function send({ scopes: _scopes, ...request }: AuthorizedRequest, { header, isKnown, secrets }: Proof) {
    keepSecret(secrets);
    const authorization = header === undefined ? {} : { authorization: header };
    const answer = await next({ ...request, headers: { ...request.headers, ...authorization } });
    return { ...answer, isKnown };
  }

  return async (request) => {
    const { scopes, signal, url } = request;
    const isOwn = (address: URL) => address.origin === context.origin.origin;
    if (!isOwn(url)) {
      const { scopes: _scopes, ...anonymous } = request;
      return { ...(await next(anonymous)), isKnown: false };
    }
    const proof = await waitWhile(authorizer.prove(scopes), signal);
    const answer = await send(request, proof);
    if (answer.status !== 401 || !isOwn(answer.url)) return answer;

    // A token may have ended, or the challenge asks for more. What is refused twice will not be taken the third time.
    try {
      const challenges = parseChallenges(answer.header('www-authenticate') ?? '');
      const demanded = authorizer.challenged(challenges, scopes, proof);
      const renewed = await waitWhile(authorizer.prove(scopes, demanded), signal);
      if (renewed.header === proof.header) return answer;
      await answer.discard();
      return await send(request, renewed);
    } catch (error) {
      await answer.discard();
      throw error;
    }
  };
}
