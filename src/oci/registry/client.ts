/** What a request does with a repository; a token service is asked for exactly that. `push` includes `pull`. */
export interface RegistryScope {
  repository: string;
  access: 'pull' | 'push' | 'delete';
}

/** One request to a registry. */
export interface RegistryRequest {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/v2/`: `os/example/blobs/sha256:…`; or an address that the registry gave: an upload's location, a next page. */
  path: string | URL;
  /** Token scopes that are needed. More than one for a mount; the first is the repository that messages name. */
  scopes: readonly RegistryScope[];
  headers?: Readonly<Record<string, string>> | undefined;
  /** Bytes in memory, or a stream with its length that can be begun anew for another attempt. */
  body?: Uint8Array | { size: number; open: () => AsyncIterable<Uint8Array> } | undefined;
  /** Statuses that the caller deals with; any other becomes a CosaError. */
  accept: readonly number[];
  /** False for a request whose attempts the caller repeats himself (an upload's chunk). All are tried again unless told. */
  retry?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** An accepted answer. It is read to its end or discarded: until then it holds a connection. */
export interface RegistryResponse {
  status: number;
  /** @param name in lower case */
  header(name: string): string | undefined;
  /** Where the answer came from, after redirects: what relative addresses in it start from. */
  url: URL;
  /** Throws `REGISTRY_INTERRUPTED` or `REGISTRY_TIMEOUT` if the connection breaks or stalls: see {@link RegistryClient.attempts}. */
  body: AsyncIterable<Buffer>;
  /**
   * Reads a whole small body.
   * @throws CosaError `REGISTRY_ANSWER_TOO_LARGE` (exit 4) if it has more bytes
   */
  bytes(maximum: number): Promise<Buffer>;
  /** Throws the body away. */
  discard(): Promise<void>;
}

/** Counts the attempts at something larger than one request: a transfer that is resumed. */
export interface Attempts {
  /**
   * Waits until the next attempt may begin.
   * @throws the failure itself if trying again cannot help or has been tried often enough
   */
  failed(failure: unknown): Promise<void>;
  /** Something has been achieved: the attempts count anew. */
  progressed(): void;
}

/** All traffic with one registry: connections, tokens and the requests under way are shared. */
export interface RegistryClient {
  /** As it stands in references: `registry.test:5000`. */
  readonly host: string;
  /**
   * Sends a request: with authorization, over redirects, and again after failures that pass.
   * @throws CosaError `REGISTRY_UNKNOWN_HOST`, `REGISTRY_REFUSED`, `REGISTRY_TLS`, `REGISTRY_PLAIN_HTTP`,
   *   `REGISTRY_UNAUTHORIZED`, `REGISTRY_DENIED`, `REGISTRY_NOT_FOUND`, `REGISTRY_RATE_LIMIT`, `REGISTRY_UNAVAILABLE`
   *   (5xx), `REGISTRY_INTERRUPTED`, `REGISTRY_TIMEOUT`, `REGISTRY_FAILED` (all exit 1); what `body.open` throws
   */
  request(request: RegistryRequest): Promise<RegistryResponse>;
  /** @param what the thing that is tried, for messages: `blob sha256:…` */
  attempts(what: string, signal?: AbortSignal): Attempts;
}
