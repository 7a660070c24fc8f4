import { parentPort } from 'node:worker_threads';
import { type CarriedError, carried } from './carried-error.ts';

/** What a thread sends back. */
export type Reply<Answer> = { answer: Answer } | { error: CarriedError };

/**
 * Makes this file a thread for `borrowThread`: each request gets its answer, one after the other. A `CosaError` or a system
 * error is an answer too, which the asker gets thrown; any other error ends the thread.
 * @param answer gives the answer and the buffers in it that are moved to the asker
 */
export function serveRequests<Request, Answer>(
  answer: (request: Request) => Promise<{ message: Answer; transfer: ArrayBuffer[] }>,
): void {
  const send = (reply: Reply<Answer>, transfer: ArrayBuffer[]) => parentPort?.postMessage(reply, transfer);
  const reply = async (request: Request) => {
    try {
      const { message, transfer } = await answer(request);
      send({ answer: message }, transfer);
    } catch (error) {
      const expected = carried(error);
      if (expected === undefined) throw error;
      send({ error: expected }, []);
    }
  };
  parentPort?.on('message', (request: Request) => void reply(request));
}
