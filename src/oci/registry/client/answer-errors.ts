import { z } from 'zod';
import type { HttpResponse } from '../../../http/exchange.ts';
import { serverText } from '../../../http/server-text.ts';
import { markTemporary } from '../../../http/temporary-errors.ts';
import { CosaError } from '../../../lib/errors.ts';
import type { RefusalCode, RegistryScope } from '../client.ts';
import { parseChallenges } from './challenge.ts';
import { jsonValue } from './json.ts';

/** What was asked for, so that the message can say so. */
export interface Asked {
  /** The registry, as it stands in references. */
  host: string;
  /** What was to be done: `HEAD manifests/testing-devel`. */
  what: string;
  scope: RegistryScope | undefined;
  /** Who answered: `the registry`, or a host that it points to. */
  answeredBy: string;
  /** True if a refusal is the registry's own: storage knows nobody. */
  isOwn: boolean;
  /** True if we said who we are. */
  isKnown: boolean;
  /** The code for an answer that means: what was sent is not taken. */
  refusalCode?: RefusalCode | undefined;
  /** Takes out of the server's text what must not be shown. */
  hide: (text: string) => string;
}

/** An error's body is some hundred bytes; a proxy's page about it may have more. */
const mostErrorBytes = 64 * 1024;

// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes, and what token services answer
const errorSchema = z.object({
  errors: z.array(z.object({ code: z.string().optional(), message: z.string().nullish() })).optional(),
  error: z.string().optional(),
  error_description: z.string().optional(),
  message: z.string().optional(),
  details: z.string().optional(),
});

/**
 * Statuses by which a registry refuses what it is sent; registries choose among them as they like, and some say of a
 * manifest that names a blob which they lack that it is not found. Others are about the request: who asks, how, when.
 */
const refusals = [400, 404, 406, 409, 410, 411, 413, 415, 422];

/** Those that may pass: too many requests, and errors of the server but for what it will never do. */
function isTemporaryStatus(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501);
}

/**
 * Makes an error of an answer that nobody expected, and reads its body. 429 and 5xx are temporary.
 * @returns `REGISTRY_UNAUTHORIZED`, `REGISTRY_DENIED`, `REGISTRY_NOT_FOUND`, `REGISTRY_RATE_LIMIT`, `REGISTRY_UNAVAILABLE`,
 *   `REGISTRY_FAILED` or the refusal code (exit 1)
 */
export async function answerError(answer: HttpResponse, asked: Asked): Promise<CosaError> {
  const error = await explained(answer, asked);
  return isTemporaryStatus(answer.status) ? markTemporary(error, answer.header('retry-after')) : error;
}

/** Who gives an answer, for messages. @param base of the registry */
export function answererName(url: URL, base: URL): string {
  return url.origin === base.origin ? 'the registry' : url.host;
}

async function explained(answer: HttpResponse, asked: Asked): Promise<CosaError> {
  const said = serverText(await explanation(answer), asked.hide);
  const because = said === '' ? '' : ` (${said})`;
  const where =
    asked.scope === undefined ? `registry ${asked.host}` : `docker://${asked.host}/${asked.scope.repository}`;
  const action = asked.scope?.access ?? 'look';
  const login = `cosa login ${asked.host}`;
  if (asked.refusalCode !== undefined && asked.isOwn && refusals.includes(answer.status)) {
    return new CosaError(
      asked.refusalCode,
      `${where}: ${asked.what}: the registry refuses it with status ${answer.status}${because}`,
    );
  }
  switch (meaningOf(answer, asked)) {
    case 401:
      return asked.isKnown
        ? new CosaError('REGISTRY_UNAUTHORIZED', `${where}: the registry does not accept who you are${because}`, {
            hint: `log in again: ${login}`,
          })
        : new CosaError('REGISTRY_UNAUTHORIZED', `${where}: the registry wants to know who you are${because}`, {
            hint: `log in: ${login}`,
          });
    case 403:
      return new CosaError('REGISTRY_DENIED', `${where}: the registry does not let you ${action}${because}`, {
        hint: asked.isKnown
          ? `ask for the right to ${action}, or log in as somebody who has it: ${login}`
          : `log in: ${login}`,
      });
    case 404:
      return new CosaError('REGISTRY_NOT_FOUND', `${where}: ${asked.what}: not there${because}`, {
        hint: `check the name; some registries hide what they do not let you see: ${login}`,
      });
    case 429:
      return new CosaError('REGISTRY_RATE_LIMIT', `${where}: the registry is asked too often${because}`, {
        hint: asked.isKnown ? 'try again later' : `try again later, or log in, which may allow more: ${login}`,
      });
    default: {
      const isPassing = isTemporaryStatus(answer.status);
      return new CosaError(
        isPassing ? 'REGISTRY_UNAVAILABLE' : 'REGISTRY_FAILED',
        `${where}: ${asked.what}: ${asked.answeredBy} answers with status ${answer.status}${because}`,
        isPassing ? { hint: "try again later; the registry's log says what is wrong" } : {},
      );
    }
  }
}

/** The status as this one means it. */
function meaningOf(answer: HttpResponse, { isOwn, isKnown }: Asked): number | undefined {
  const { status } = answer;
  if (!isOwn) return [401, 403, 404].includes(status) ? undefined : status;
  // RFC 6750, section 3.1: so a registry with tokens refuses those whom it knows.
  const isDenied = parseChallenges(answer.header('www-authenticate') ?? '').some(
    ({ parameters }) => parameters.get('error') === 'insufficient_scope',
  );
  return status === 401 && isKnown && isDenied ? 403 : status;
}

/** What the body says, in words; empty if it says nothing that a person would read here. */
async function explanation(answer: HttpResponse): Promise<string> {
  const text = await bodyText(answer);
  const parsed = errorSchema.safeParse(jsonValue(text));
  if (parsed.success) {
    const { errors, error, error_description: description, message, details } = parsed.data;
    const listed = (errors ?? []).slice(0, 3).map((one) => [one.code, one.message].filter(Boolean).join(': '));
    return listed.length > 0 ? listed.join('; ') : (description ?? details ?? message ?? error ?? '');
  }
  const isPlainText = answer.header('content-type')?.startsWith('text/plain') ?? false;
  return isPlainText ? text : '';
}

async function bodyText(answer: HttpResponse): Promise<string> {
  try {
    return (await answer.bytes(mostErrorBytes)).toString('utf8');
  } catch {
    // The status alone says enough: a body that is too long or breaks off must not hide it.
    return '';
  }
}
