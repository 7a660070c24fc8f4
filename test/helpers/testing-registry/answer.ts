/** What a request is answered with, as data: faults change it before it is sent. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body?: AnswerBody | undefined;
}

export interface AnswerBody {
  /** Bytes. */
  size: number;
  /** The bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): AsyncIterable<Buffer>;
}

/** An answer without a body. */
export function emptyAnswer(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers };
}

/** An answer with bytes from memory. */
export function bytesAnswer(
  status: number,
  contentType: string,
  bytes: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, headers: { 'Content-Type': contentType, ...headers }, body: bodyOf(bytes) };
}

export function jsonAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return bytesAnswer(status, 'application/json', Buffer.from(JSON.stringify(value)), headers);
}

/**
 * An error as registries report them.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes
 */
export function errorAnswer(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return jsonAnswer(status, { errors: [{ code, message }] }, headers);
}

/** Bytes in memory as a body. */
export function bodyOf(bytes: Buffer): AnswerBody {
  return {
    size: bytes.length,
    read: async function* (start, end) {
      yield bytes.subarray(start, end);
    },
  };
}
