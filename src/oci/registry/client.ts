import type { HttpRequest, HttpResponse } from '../../http/exchange.ts';
import type { Attempts } from '../../http/retry.ts';

/** What a request does with a repository; a token service is asked for exactly that. `push` includes `pull`. */
export interface RegistryScope {
  repository: string;
  access: 'pull' | 'push' | 'delete';
}

/** One request to a registry. */
export interface RegistryRequest extends Omit<HttpRequest, 'url'> {
  /** Below `/v2/`: `os/example/blobs/sha256:…`; or an address that the registry gave: an upload's location, a next page. */
  path: string | URL;
  /** Token scopes that are needed. More than one for a mount; the first is the repository that messages name. */
  scopes: readonly RegistryScope[];
  /** Statuses that the caller deals with; any other becomes a CosaError. */
  accept: readonly number[];
  /** The code of the error for an answer that means: the registry understands, and does not take what it is sent. */
  refusalCode?: RefusalCode | undefined;
  /** False for a request whose attempts the caller repeats himself (an upload's chunk). All are tried again unless told. */
  retry?: boolean | undefined;
}

/** What a registry refused: a manifest, as when it lacks a blob that it names; a blob, as when its digest is another. */
export type RefusalCode = 'MANIFEST_REFUSED' | 'BLOB_REFUSED';

/** An accepted answer. */
export type RegistryResponse = HttpResponse;

/** All traffic with one registry: connections, tokens and the requests under way are shared. */
export interface RegistryClient {
  /** As it stands in references: `registry.test:5000`. */
  readonly host: string;
  /**
   * Sends a request: with authorization, over redirects, and again after failures that pass.
   * @throws CosaError `REGISTRY_UNKNOWN_HOST`, `REGISTRY_REFUSED`, `REGISTRY_TLS`, `REGISTRY_PLAIN_HTTP`,
   *   `REGISTRY_UNAUTHORIZED`, `REGISTRY_DENIED`, `REGISTRY_NOT_FOUND`, `REGISTRY_RATE_LIMIT`, `REGISTRY_UNAVAILABLE`
   *   (5xx), `REGISTRY_INTERRUPTED`, `REGISTRY_TIMEOUT`, `REGISTRY_FAILED`, the request's refusal code (all exit 1); what
   *   `body.open` throws
   */
  request(request: RegistryRequest): Promise<RegistryResponse>;
  /** @param what the thing that is tried, for messages: `blob sha256:…` */
  attempts(what: string, signal?: AbortSignal): Attempts;
}
