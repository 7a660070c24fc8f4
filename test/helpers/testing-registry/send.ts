import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import type { Answer, AnswerBody } from './answer.ts';
import { type Fault, faultOf } from './faults.ts';
import type { LoggedRequest } from './log.ts';

/** Sends an answer, with the faults that befall it on its way. */
export async function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  faults: readonly Fault[],
  logged: LoggedRequest,
): Promise<void> {
  const stop = faultOf(faults, 'reset') ?? faultOf(faults, 'truncate') ?? faultOf(faults, 'hang');
  if (stop !== undefined && stop.afterBytes === 0) return stopSending(response, stop);
  const { status, headers, body } = changed(answer, faults);
  logged.status = status;
  for (const [header, value] of Object.entries(headers)) response.setHeader(header, value);
  if (body !== undefined) response.setHeader('Content-Length', headers['Content-Length'] ?? String(body.size));
  response.writeHead(status);
  if (body === undefined || logged.method === 'HEAD') {
    response.end();
    return;
  }
  const until = Math.min(body.size, stop?.afterBytes ?? body.size);
  for await (const piece of inPieces(body.read(0, until), faultOf(faults, 'slow'))) {
    if (response.destroyed) return;
    logged.sent += piece.length;
    if (!response.write(piece)) await drained(response);
  }
  if (stop !== undefined && stop.afterBytes < body.size) return stopSending(response, stop);
  response.end();
}

/** Settles when the connection takes bytes again, or is gone. */
async function drained(response: ServerResponse): Promise<void> {
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  settled.abort();
}

/** Breaks a connection off, so that the other side sees an error and not an end. */
export function resetConnection(socket: Socket | null): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket?.resetAndDestroy();
}

async function stopSending(response: ServerResponse, { kind }: Fault): Promise<void> {
  const { socket } = response;
  // What was written is to arrive before the connection ends.
  if (kind !== 'hang' && response.headersSent) await new Promise((resolve) => response.write('', resolve));
  if (kind === 'reset') resetConnection(socket);
  else if (kind === 'truncate') socket?.end();
}

function changed(answer: Answer, faults: readonly Fault[]): Answer {
  let current = answer;
  for (const fault of faults) {
    if (fault.kind === 'headers') current = { ...current, headers: mergeHeaders(current.headers, fault.headers) };
    const { body } = current;
    if (body === undefined) continue;
    if (fault.kind === 'corrupt') current = { ...current, body: corrupted(body, fault.offset) };
    if (fault.kind === 'resize') current = { ...current, body: resized(body, fault.by) };
  }
  return current;
}

function mergeHeaders(
  headers: Answer['headers'],
  changes: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const merged = Object.entries({ ...headers, ...changes });
  return Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function corrupted(body: AnswerBody, offset: number): AnswerBody {
  return {
    size: body.size,
    read: async function* (start, end) {
      let at = start;
      for await (const chunk of body.read(start, end)) {
        const copy = Buffer.from(chunk);
        const index = offset - at;
        if (index >= 0 && index < copy.length) copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
        at += copy.length;
        yield copy;
      }
    },
  };
}

function resized(body: AnswerBody, by: number): AnswerBody {
  const size = Math.max(0, body.size + by);
  return {
    size,
    read: async function* (start, end) {
      yield* body.read(start, Math.min(end, body.size));
      const piece = Buffer.alloc(64 * 1024);
      for (let at = Math.max(start, body.size); at < end; at += piece.length) yield piece.subarray(0, end - at);
    },
  };
}

async function* inPieces(
  source: AsyncIterable<Buffer>,
  slow: Extract<Fault, { kind: 'slow' }> | undefined,
): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    const size = slow?.pieceBytes ?? chunk.length;
    for (let at = 0; at < chunk.length; at += size) {
      if (slow !== undefined) await pause(slow.pauseMilliseconds);
      yield chunk.subarray(at, at + size);
    }
  }
}
