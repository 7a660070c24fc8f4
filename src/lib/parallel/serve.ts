import { parentPort } from 'node:worker_threads';

/**
 * Makes this file a thread for `borrowThread`: each request gets its answer, one after the other. An answer that throws
 * ends the thread.
 * @param answer gives the answer and the buffers in it that are moved to the asker
 */
export function serveRequests<Request, Answer>(
  answer: (request: Request) => Promise<{ message: Answer; transfer: ArrayBuffer[] }>,
): void {
  parentPort?.on('message', (request: Request) => {
    void answer(request).then(({ message, transfer }) => parentPort?.postMessage(message, transfer));
  });
}
