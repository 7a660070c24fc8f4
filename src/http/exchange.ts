/** A body to be sent: its length, and a stream that can be begun anew for another attempt. */
export interface StreamedBody {
  /** Bytes. */
  size: number;
  open: () => AsyncIterable<Uint8Array>;
  /** Told of pieces that are sent: their memory may be used again. Not of those of a request that failed. */
  release?: ((piece: Uint8Array) => void) | undefined;
}

/** One HTTP request. */
export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  url: URL;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: Uint8Array | StreamedBody | undefined;
  /** True if the body says who we are: then it is sent to the address's own server alone. */
  isBodySecret?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** An answer. It is read to its end or discarded: until then it holds a connection. */
export interface HttpResponse {
  status: number;
  /** @param name in lower case */
  header(name: string): string | undefined;
  /** All of them, with names in lower case; one that was sent several times is joined by commas. */
  headers: Readonly<Record<string, string>>;
  /** Where the answer came from, after redirects: what relative addresses in it start from. */
  url: URL;
  /** Throws a CosaError that is temporary (see {@link isTemporary}) if the connection breaks or stalls. */
  body: AsyncIterable<Buffer>;
  /**
   * Reads a whole small body.
   * @throws CosaError `…_ANSWER_TOO_LARGE` (exit 4) if it has more bytes, and as `body`
   */
  bytes(maximum: number): Promise<Buffer>;
  /** Throws the body away. Never fails, and takes no longer than a few seconds. */
  discard(): Promise<void>;
}

/**
 * Sends a request and waits for the head of its answer. The one interface of everything between a domain and the wire:
 * each layer takes the exchange below it, adds one concern, and is an exchange itself. A layer may ask for more in a
 * request than those below it, or tell more in a response.
 * @returns the answer, whatever its status, unless a layer says otherwise
 * @throws CosaError for what fails below HTTP; what `body.open` throws; the signal's reason
 */
export type Exchange<Request = HttpRequest, Response = HttpResponse> = (request: Request) => Promise<Response>;
