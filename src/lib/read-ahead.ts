/**
 * Reads a source before its consumer asks, from now on, and up to a number of bytes. What the source throws is thrown when
 * the consumer gets there. Whoever gives up ends the iteration, and the source with it.
 * @param maximumBytes no further chunk is read while this many wait
 */
export function readAhead(source: AsyncIterable<Buffer>, maximumBytes: number): AsyncGenerator<Buffer, void, void> {
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let outcome: { error?: unknown } | undefined;
  let isGivenUp = false;
  let wakeReader: () => void = () => undefined;
  let wakeConsumer: () => void = () => undefined;

  async function read(): Promise<void> {
    try {
      for await (const chunk of source) {
        waiting.push(chunk);
        waitingBytes += chunk.length;
        wakeConsumer();
        while (waitingBytes >= maximumBytes && !isGivenUp) {
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
        }
        if (isGivenUp) break;
      }
      outcome = {};
    } catch (error) {
      outcome = { error };
    }
    wakeConsumer();
  }

  const reading = read();

  async function* consume(): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const chunk = waiting.shift();
      if (chunk !== undefined) {
        waitingBytes -= chunk.length;
        wakeReader();
        yield chunk;
      } else if (outcome === undefined) {
        await new Promise<void>((resolve) => {
          wakeConsumer = resolve;
        });
      } else {
        if ('error' in outcome) throw outcome.error;
        return;
      }
    }
  }

  const chunks = consume();
  return Object.assign(chunks, {
    async return(): Promise<IteratorResult<Buffer, void>> {
      isGivenUp = true;
      wakeReader();
      await reading;
      return { value: undefined, done: true };
    },
  });
}
