import type { Exchange, HttpResponse } from './exchange.ts';

/** What must not be shown, whoever says it: a server that was sent a secret may put it anywhere in its answers. */
export interface Secrets {
  add(secrets: readonly string[]): void;
  /** Text without secrets: `***` takes the place of each. Addresses lose what may be one: user, password and query. */
  hide(text: string): string;
  /** Text without the secrets that were added; addresses stay whole. */
  hideKnown(text: string): string;
  /** Takes the secrets out of an error, its hint and its causes, and returns the same error. */
  hideIn(error: unknown): unknown;
}

/** Shorter ones are no secrets: to hide them would only make messages unreadable. */
const shortestSecret = 4;

export function createSecrets(): Secrets {
  const known = new Set<string>();
  let pattern: RegExp | undefined;

  const hideKnown = (text: string) => (pattern === undefined ? text : text.replace(pattern, '***'));

  function hide(text: string): string {
    return hideKnown(text).replace(/\b(https?:\/\/)(?:[^\s/?#@]*@)?([^\s?#"'<>)]*)(\?[^\s"'<>)]*)?/gi, '$1$2');
  }

  function hideIn(error: unknown, depth = 0): unknown {
    if (!(error instanceof Error) || depth > 10) return error;
    // Changed as it is, not copied: who tries again knows errors by their identity. System errors name hosts in fields.
    const fields = error as unknown as Record<string, unknown>;
    for (const name of new Set(['message', 'stack', ...Object.keys(error)])) {
      const value = fields[name];
      if (typeof value === 'string' && name !== 'code') fields[name] = hide(value);
    }
    for (const inner of error instanceof AggregateError ? error.errors : []) hideIn(inner, depth + 1);
    hideIn(error.cause, depth + 1);
    return error;
  }

  return {
    add(secrets) {
      const before = known.size;
      for (const form of secrets.flatMap(formsOf)) known.add(form);
      if (known.size === before) return;
      // The longest first: one may be part of another.
      const forms = [...known].sort((a, b) => b.length - a.length);
      pattern = new RegExp(forms.map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'gi');
    },
    hide,
    hideKnown,
    hideIn: (error) => hideIn(error),
  };
}

/**
 * The layer that takes secrets out of all errors, those of bodies too: servers put what they were sent into answers,
 * addresses and the names of hosts.
 */
export function withHiddenSecrets<Request, Response extends HttpResponse>(
  next: Exchange<Request, Response>,
  secrets: Secrets,
): Exchange<Request, Response> {
  return async (request) => {
    const answer = await next(request).catch((error: unknown) => {
      throw secrets.hideIn(error);
    });
    return {
      ...answer,
      body: discreet(answer.body, secrets),
      bytes: (maximum) =>
        answer.bytes(maximum).catch((error: unknown) => {
          throw secrets.hideIn(error);
        }),
    };
  };
}

async function* discreet(body: AsyncIterable<Buffer>, secrets: Secrets): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    throw secrets.hideIn(error);
  }
}

/** As it is, and as it stands in addresses, whose hosts are in lower case and may have been converted. */
function formsOf(secret: string): string[] {
  if (secret.length < shortestSecret) return [];
  const address = `http://${secret}/`;
  const isHost = /^[^/?#@:\\\s]+$/.test(secret) && URL.canParse(address);
  return [secret, encodeURIComponent(Buffer.from(secret).toString()), ...(isHost ? [new URL(address).hostname] : [])];
}
