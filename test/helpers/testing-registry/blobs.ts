import type { Digest } from '../../../src/lib/digest.ts';
import { type Answer, type AnswerBody, emptyAnswer, errorAnswer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { Behaviour, State } from './state.ts';

/** `/v2/NAME/blobs/DIGEST`. https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-blobs */
export function answerBlob(
  exchange: Exchange,
  state: State,
  behaviour: Behaviour,
  name: string,
  digest: Digest,
): Answer {
  const repository = state.repositories.get(name);
  const body = repository?.blobs.has(digest) ? state.storage.read(digest) : undefined;
  if (repository === undefined || body === undefined) {
    return errorAnswer(404, 'BLOB_UNKNOWN', `blob unknown to registry: ${digest}`);
  }
  if (exchange.method === 'GET' || exchange.method === 'HEAD') {
    return readBlob(digest, body, behaviour.ranges ? exchange.header('range') : undefined);
  }
  if (exchange.method === 'DELETE' && behaviour.deletion) {
    repository.blobs.delete(digest);
    return emptyAnswer(202);
  }
  return errorAnswer(405, 'UNSUPPORTED', 'the operation is unsupported');
}

function readBlob(digest: Digest, body: AnswerBody, rangeHeader: string | undefined): Answer {
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
    ETag: `"${digest}"`,
  };
  const range = rangeHeader === undefined ? undefined : parseRange(rangeHeader, body.size);
  if (range === undefined) return { status: 200, headers, body };
  if (range === 'unsatisfiable') {
    return errorAnswer(416, 'RANGE_INVALID', 'invalid range', { 'Content-Range': `bytes */${body.size}` });
  }
  const { start, end } = range;
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': `bytes ${start}-${end - 1}/${body.size}` },
    body: { size: end - start, read: (from, to) => body.read(start + from, start + to) },
  };
}

/** One range of bytes, its end exclusive. What is no such range is ignored, as HTTP says. */
function parseRange(header: string, size: number): { start: number; end: number } | 'unsatisfiable' | undefined {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(header);
  if (parts === null || header === 'bytes=-') return undefined;
  const [, first = '', last = ''] = parts;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  return start < end ? { start, end } : 'unsatisfiable';
}
