import { z } from 'zod';
import { rememberRetryAfter } from '../../../http/retry.ts';
import { serverText } from '../../../http/server-text.ts';
import { CosaError } from '../../../lib/errors.ts';
import type { RegistryResponse, RegistryScope } from '../client.ts';
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

/** Makes an error of an answer that nobody expected, and reads its body. */
export async function answerError(answer: RegistryResponse, asked: Asked): Promise<CosaError> {
  const error = await explained(answer, asked);
  return rememberRetryAfter(error, answer.header('retry-after'), Date.now());
}

async function explained(answer: RegistryResponse, asked: Asked): Promise<CosaError> {
  const said = serverText(await explanation(answer), asked.hide);
  const because = said === '' ? '' : ` (${said})`;
  const where =
    asked.scope === undefined ? `registry ${asked.host}` : `docker://${asked.host}/${asked.scope.repository}`;
  const action = asked.scope?.access ?? 'look';
  const login = `cosa login ${asked.host}`;
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
      const isPassing = answer.status >= 500 && answer.status !== 501;
      return new CosaError(
        isPassing ? 'REGISTRY_UNAVAILABLE' : 'REGISTRY_FAILED',
        `${where}: ${asked.what}: ${asked.answeredBy} answers with status ${answer.status}${because}`,
        isPassing ? { hint: "try again later; the registry's log says what is wrong" } : {},
      );
    }
  }
}

/** The status as this one means it. */
function meaningOf(answer: RegistryResponse, { isOwn, isKnown }: Asked): number | undefined {
  const { status } = answer;
  if (!isOwn) return [401, 403, 404].includes(status) ? undefined : status;
  // RFC 6750, section 3.1: so a registry with tokens refuses those whom it knows.
  const isDenied = parseChallenges(answer.header('www-authenticate') ?? '').some(
    ({ parameters }) => parameters.get('error') === 'insufficient_scope',
  );
  return status === 401 && isKnown && isDenied ? 403 : status;
}

/** What the body says, in words; empty if it says nothing that a person would read here. */
async function explanation(answer: RegistryResponse): Promise<string> {
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

async function bodyText(answer: RegistryResponse): Promise<string> {
  try {
    return (await answer.bytes(mostErrorBytes)).toString('utf8');
  } catch {
    // The status alone says enough: a body that is too long or breaks off must not hide it.
    return '';
  }
}
