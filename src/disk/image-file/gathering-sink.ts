import type { ImageSink } from '../formats/format.ts';

/** What becomes of an image's bytes once they are gathered. */
export interface Gathering {
  /** Bytes that are gathered before they are passed on. */
  bufferBytes: number;
  /** How many buffers there are: they bound the memory. */
  bufferCount: number;
  /** Zeros at once that are passed on as their number: so many, or more. */
  minimumZeros: number;
  /** True if contents of a disk and other bytes do not share a buffer, so that the same contents make the same buffers. */
  keepsDiskApart: boolean;
  /** Takes bytes, in their order. The buffer is used again once the promise has settled. */
  pass(bytes: Uint8Array<SharedArrayBuffer>): Promise<unknown>;
  /** Takes zeros, between bytes. The last call's promise has not settled yet. */
  passZeros(count: number): Promise<unknown>;
}

export interface GatheringSink extends ImageSink {
  /** Passes on what is left, and waits for all. @throws as `ImageSink` */
  settle(): Promise<void>;
}

/** Gathers an image's bytes in buffers that threads share with this one. `reserve` is left to the caller. */
export function gatheringSink(gathering: Gathering, signal: AbortSignal): Omit<GatheringSink, 'reserve'> {
  const { bufferBytes, minimumZeros } = gathering;
  const buffers = sharedBuffers(gathering.bufferCount, bufferBytes);
  const underWay = new Set<Promise<void>>();
  let current: Uint8Array<SharedArrayBuffer> | undefined;
  let filled = 0;
  let isDisk = false;
  let failure: { error: unknown } | undefined;

  function refuse(): void {
    signal.throwIfAborted();
    if (failure !== undefined) throw failure.error;
  }

  function follow(passed: Promise<unknown>, whenSettled: () => void): void {
    const settled = passed
      .then(
        () => undefined,
        (error: unknown) => {
          failure ??= { error };
        },
      )
      .then(() => {
        underWay.delete(settled);
        whenSettled();
      });
    underWay.add(settled);
  }

  function flush(): void {
    if (current === undefined || filled === 0) return;
    const buffer = current;
    current = undefined;
    follow(gathering.pass(buffer.subarray(0, filled)), () => buffers.giveBack(buffer));
    filled = 0;
  }

  /** Room in the buffer that is filled, at most so many bytes of it. */
  async function room(wanted: number, ofDisk: boolean): Promise<Uint8Array> {
    refuse();
    if (gathering.keepsDiskApart && ofDisk !== isDisk) flush();
    isDisk = ofDisk;
    current ??= await buffers.take();
    refuse();
    return current.subarray(filled, Math.min(filled + wanted, bufferBytes));
  }

  function advance(count: number): void {
    filled += count;
    if (filled === bufferBytes) flush();
  }

  return {
    async append(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const place = await room(bytes.length - done, false);
        place.set(bytes.subarray(done, done + place.length));
        done += place.length;
        advance(place.length);
      }
    },
    async appendZeros(count) {
      refuse();
      if (count >= minimumZeros) {
        flush();
        follow(gathering.passZeros(count), () => undefined);
        return;
      }
      for (let left = count; left > 0; ) {
        const place = (await room(left, isDisk)).fill(0);
        left -= place.length;
        advance(place.length);
      }
    },
    async appendDisk(disk, position, length) {
      for (let done = 0; done < length; ) {
        const place = await room(length - done, true);
        await disk.read(position + done, place);
        done += place.length;
        advance(place.length);
      }
    },
    async settle() {
      refuse();
      flush();
      while (underWay.size > 0) await Promise.all(underWay);
      refuse();
    },
  };
}

function sharedBuffers(count: number, bytes: number) {
  const free: Uint8Array<SharedArrayBuffer>[] = [];
  const takers: ((buffer: Uint8Array<SharedArrayBuffer>) => void)[] = [];
  let made = 0;
  return {
    async take(): Promise<Uint8Array<SharedArrayBuffer>> {
      const buffer = free.pop();
      if (buffer !== undefined) return buffer;
      if (made === count) return new Promise((resolve) => takers.push(resolve));
      made++;
      return new Uint8Array(new SharedArrayBuffer(bytes));
    },
    giveBack(buffer: Uint8Array<SharedArrayBuffer>): void {
      const taker = takers.shift();
      if (taker === undefined) free.push(buffer);
      else taker(buffer);
    },
  };
}
