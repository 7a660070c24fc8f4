import type { ErrorCode } from '../../lib/error-codes.ts';
import { CosaError, verificationError } from '../../lib/errors.ts';
import type { RegistryClient, RegistryRequest, RegistryResponse } from './client.ts';

/** A request below one repository. */
export interface RepositoryRequest extends Omit<RegistryRequest, 'path' | 'scopes'> {
  /** Below the repository: `blobs/sha256:…`; or an address that the registry gave. */
  path: string | URL;
  /** What the request does. Reading as part of a change is `push` too: a mirror may be behind. */
  access: 'pull' | 'push' | 'delete';
  /** Another repository that is read from: a mount's. */
  from?: string | undefined;
}

/** What one repository can be asked. */
export interface RepositoryRequests {
  client: RegistryClient;
  /** The repository's name: `os/example`. */
  name: string;
  /** Names it in messages: `docker://registry.test/os/example`. */
  where: string;
  /** @throws CosaError what `RegistryClient.request` throws */
  send(request: RepositoryRequest): Promise<RegistryResponse>;
  /**
   * Sends a request and reads its whole answer; begins again if the answer breaks off.
   * @param what is asked for, in messages: `the list of tags`
   * @param maximum bytes of the answer
   * @throws CosaError `REGISTRY_ANSWER_TOO_LARGE`, `REGISTRY_ANSWER_INVALID` (exit 4), what `RegistryClient.request` throws
   */
  read(request: RepositoryRequest, what: string, maximum: number): Promise<{ answer: RegistryResponse; bytes: Buffer }>;
  /** Tells the user of something that is left out. The same is told once. */
  warn(message: string): void;
}

export function repositoryRequests(
  client: RegistryClient,
  name: string,
  warn: (message: string) => void,
): RepositoryRequests {
  const told = new Set<string>();
  const where = `docker://${client.host}/${name}`;

  function send({ path, access, from, ...request }: RepositoryRequest): Promise<RegistryResponse> {
    const own = { repository: name, access };
    return client.request({
      ...request,
      path: typeof path === 'string' ? `${name}/${path}` : path,
      scopes: from === undefined ? [own] : [own, { repository: from, access: 'pull' }],
    });
  }

  async function read(request: RepositoryRequest, what: string, maximum: number) {
    const attempts = client.attempts(`${what} of ${where}`, request.signal);
    while (true) {
      const answer = await send(request);
      const encoding = encodingOf(answer);
      if (encoding !== undefined) {
        await answer.discard();
        throw encoded(where, what, encoding);
      }
      try {
        return { answer, bytes: await answer.bytes(maximum) };
      } catch (failure) {
        await attempts.failed(failure);
      }
    }
  }

  return {
    client,
    name,
    where,
    send,
    read,
    warn: (message) => {
      if (!told.has(message)) warn(message);
      told.add(message);
    },
  };
}

/** True for an error with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): boolean {
  return error instanceof CosaError && codes.includes(error.code);
}

/** How an answer's body is encoded, though nothing but `identity` is asked for. */
export function encodingOf(answer: RegistryResponse): string | undefined {
  const encoding = answer.header('content-encoding')?.trim().toLowerCase() ?? '';
  return encoding === '' || encoding === 'identity' ? undefined : encoding;
}

/** The error for an answer that comes encoded. @param what was asked for */
export function encoded(where: string, what: string, encoding: string): CosaError {
  return answerInvalid(where, `${what} comes with the encoding ${JSON.stringify(encoding)}, though none was asked for`);
}

/** The error for an answer that no registry gives which keeps to the specification. */
export function answerInvalid(where: string, problem: string): CosaError {
  return verificationError(
    'REGISTRY_ANSWER_INVALID',
    `${where}: the registry's answer is not as specified: ${problem}`,
    {
      hint: 'check that the address is a registry’s and that no proxy changes its answers',
    },
  );
}
