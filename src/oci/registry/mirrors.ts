import { isDigest } from '../../lib/digest.ts';
import { CosaError } from '../../lib/errors.ts';
import type { RegistryClient, RegistryRequest, RegistryResponse } from './client.ts';

/** A repository at another place. */
export interface PullSource {
  client: RegistryClient;
  repository: string;
  /** What may be read from it. */
  pull: 'all' | 'digest-only' | 'tag-only';
}

/**
 * A client for one repository that reads manifests and blobs from mirrors, in their order, and everything else from
 * the registry itself. A mirror that fails is left out from then on; one that lacks something is only passed over. What
 * is read as part of a change (with the scope `push`) comes from where the change goes to: a mirror may be behind.
 * @param reading where to read if no mirror has it; not always where to write
 */
export function mirroredClient(
  writing: RegistryClient,
  repository: string,
  mirrors: readonly PullSource[],
  reading: PullSource,
  warn: (message: string) => void,
): RegistryClient {
  const failed = new Set<PullSource>();

  async function readMirror(mirror: PullSource, request: RegistryRequest): Promise<RegistryResponse | undefined> {
    try {
      // One attempt is enough where there are others to ask.
      const answer = await mirror.client.request({ ...request, retry: false });
      if (answer.status !== 404) return answer;
      await answer.discard();
    } catch (error) {
      request.signal?.throwIfAborted();
      if (!(error instanceof CosaError)) throw error;
      if (error.code === 'REGISTRY_NOT_FOUND') return undefined;
      failed.add(mirror);
      warn(`mirror ${mirror.client.host} is left out: ${error.message}`);
    }
    return undefined;
  }

  return {
    host: writing.host,
    attempts: writing.attempts,
    async request(request) {
      if (!isRead(request)) return writing.request(request);
      const part = partOf(request, repository);
      // A list's next page, whose address the one who gave the first page has named.
      if (part === undefined) return reading.client.request({ ...request, scopes: scopesOf(reading) });
      for (const mirror of isContent(part) ? mirrors : []) {
        if (failed.has(mirror) || !mayRead(mirror, part)) continue;
        const answer = await readMirror(mirror, moved(request, mirror, part));
        if (answer !== undefined) return answer;
      }
      return reading.client.request(moved(request, reading, part));
    },
  };
}

/** Everything else must go to the registry itself. */
function isRead({ method, scopes }: RegistryRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && scopes.every(({ access }) => access === 'pull');
}

/** What is read below the repository: `manifests/latest`. */
function partOf({ path }: RegistryRequest, repository: string): string | undefined {
  return typeof path === 'string' && path.startsWith(`${repository}/`) ? path.slice(repository.length + 1) : undefined;
}

function isContent(part: string): boolean {
  return part.startsWith('manifests/') || part.startsWith('blobs/');
}

function mayRead({ pull }: PullSource, part: string): boolean {
  if (pull === 'all' || part.startsWith('blobs/')) return true;
  return (pull === 'digest-only') === isDigest(part.slice('manifests/'.length));
}

function scopesOf(source: PullSource): RegistryRequest['scopes'] {
  return [{ repository: source.repository, access: 'pull' }];
}

function moved(request: RegistryRequest, source: PullSource, part: string): RegistryRequest {
  return { ...request, path: `${source.repository}/${part}`, scopes: scopesOf(source) };
}
