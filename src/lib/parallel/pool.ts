import { availableParallelism } from 'node:os';
import { CosaError } from '../errors.ts';
import { borrowThread, type Thread } from './thread.ts';

/** More threads than this wait for the one that orders the results. */
const maximumThreads = 8;

/** Some threads of one script, which share the work. */
export interface ThreadPool<Request, Answer> extends Disposable {
  /** How many requests can be under way at once. */
  readonly size: number;
  /**
   * Has a request answered by whichever thread is free first.
   * @param transfer buffers that are the thread's from now on: they are moved, not copied
   * @throws what `Thread.request` throws
   */
  run(message: Request, transfer?: readonly ArrayBuffer[]): Promise<Answer>;
  /** A lane through the thread that has the fewest, for requests that must be answered by one thread in their order. */
  lane(): Lane<Request, Answer>;
}

/** Its requests go before those that any thread could answer. Disposing of it lets the thread have another. */
interface Lane<Request, Answer> extends Disposable {
  run: ThreadPool<Request, Answer>['run'];
}

/** What is to be done with a thread; it never fails. */
type Job<Request, Answer> = (obtain: () => Thread<Request, Answer>) => Promise<void>;

/** The place of one thread. */
interface Slot<Request, Answer> {
  thread: Thread<Request, Answer> | undefined;
  isBusy: boolean;
  lanes: number;
  /** What waits for this thread alone. */
  jobs: Job<Request, Answer>[];
}

/**
 * Threads start when there is work for them, and are there for others once the pool is disposed of; what is under way then
 * fails, and so does what is asked for later.
 * @param script as for `borrowThread`
 * @param size how many threads: one for each core, and eight at most, unless told
 */
export function threadPool<Request, Answer>(
  script: URL,
  size = Math.min(availableParallelism(), maximumThreads),
): ThreadPool<Request, Answer> {
  const slots = Array.from({ length: size }, (): Slot<Request, Answer> => {
    return { thread: undefined, isBusy: false, lanes: 0, jobs: [] };
  });
  const shared: Job<Request, Answer>[] = [];
  let isDisposed = false;

  /** A thread that was given back may be another's already, and answers one at a time. */
  function threadOf(slot: Slot<Request, Answer>): Thread<Request, Answer> {
    if (isDisposed) throw new CosaError('THREAD_FAILED', 'the work was given up');
    slot.thread ??= borrowThread<Request, Answer>(script);
    return slot.thread;
  }

  async function work(slot: Slot<Request, Answer>): Promise<void> {
    if (slot.isBusy) return;
    slot.isBusy = true;
    for (let job = slot.jobs.shift() ?? shared.shift(); job !== undefined; job = slot.jobs.shift() ?? shared.shift()) {
      await job(() => threadOf(slot));
    }
    slot.isBusy = false;
  }

  /** Whoever waits gets a thread in any case: one that has failed fails the next request as well, and nothing hangs. */
  function queued(
    jobs: Job<Request, Answer>[],
    message: Request,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const ask = async (obtain: () => Thread<Request, Answer>) => obtain().request(message, transfer);
      jobs.push((obtain) => ask(obtain).then(resolve, reject));
    });
  }

  function run(message: Request, transfer?: readonly ArrayBuffer[]): Promise<Answer> {
    const answer = queued(shared, message, transfer);
    const idle = slots.filter(({ isBusy }) => !isBusy);
    // One that runs already before one that must be started.
    const slot = idle.find(({ thread }) => thread !== undefined) ?? idle[0];
    if (slot !== undefined) void work(slot);
    return answer;
  }

  function lane(): Lane<Request, Answer> {
    const slot = slots.reduce((least, other) => (other.lanes < least.lanes ? other : least));
    slot.lanes++;
    return {
      run(message, transfer) {
        const answer = queued(slot.jobs, message, transfer);
        void work(slot);
        return answer;
      },
      [Symbol.dispose]: () => void slot.lanes--,
    };
  }

  function dispose(): void {
    if (isDisposed) return;
    isDisposed = true;
    for (const { thread } of slots) thread?.giveBack();
  }

  return { size, run, lane, [Symbol.dispose]: dispose };
}
