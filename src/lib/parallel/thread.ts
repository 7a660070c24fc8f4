import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { CosaError } from '../errors.ts';
import { received } from './carried-error.ts';
import type { Reply } from './serve.ts';

/** A worker thread that answers one request at a time. */
export interface Thread<Request, Answer> {
  /**
   * Sends a request and waits for its answer. The process stays alive for that long, and not for an idle thread.
   * @param transfer buffers that are the thread's from now on: they are moved, not copied
   * @throws CosaError `THREAD_FAILED` if the thread ends or has ended; the errors that the thread answers with
   */
  request(message: Request, transfer?: readonly ArrayBuffer[]): Promise<Answer>;
  /** Leaves the thread to whoever needs one next. A thread that still works is ended, whatever it does. */
  giveBack(): void;
  /** Ends the thread at once. */
  terminate(): void;
}

/** Threads without work, by script. Starting one takes longer than most of what they do. */
const idle = new Map<string, Thread<unknown, unknown>[]>();

/**
 * Gives an idle thread, or starts one.
 * @param script a file that calls `serveRequests`, as it is named in the sources: `new URL('./x.ts', import.meta.url)`
 */
export function borrowThread<Request, Answer>(script: URL): Thread<Request, Answer> {
  const known = idle.get(script.href)?.pop();
  return (known ?? startThread(script)) as Thread<Request, Answer>;
}

function startThread(script: URL): Thread<unknown, unknown> {
  // What this process was started with is not for a thread, and may not even be allowed for one.
  const worker = new Worker(runnable(script), { execArgv: [] });
  worker.unref();
  let waiting: { resolve: (answer: unknown) => void; reject: (reason: unknown) => void } | undefined;
  let failure: CosaError | undefined;

  function fail(reason: string, cause?: unknown): void {
    failure ??= new CosaError('THREAD_FAILED', `a worker thread ended: ${reason}`, {
      hint: 'if memory was short, give the machine more of it or run fewer things at once; else report this',
      cause,
    });
    forget();
    settle()?.reject(failure);
  }

  function settle(): typeof waiting {
    const settled = waiting;
    waiting = undefined;
    worker.unref();
    return settled;
  }

  function forget(): void {
    const others = idle.get(script.href)?.filter((other) => other !== thread);
    if (others !== undefined) idle.set(script.href, others);
  }

  worker.on('message', (reply: Reply<unknown>) => {
    if ('error' in reply) settle()?.reject(received(reply.error));
    else settle()?.resolve(reply.answer);
  });
  worker.on('error', (error) => fail(error.message, error));
  worker.on('exit', (status) => fail(`exit status ${status}`));

  const thread: Thread<unknown, unknown> = {
    async request(message, transfer = []) {
      if (failure !== undefined) throw failure;
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        worker.ref();
        worker.postMessage(message, transfer);
      });
    },
    giveBack() {
      if (failure !== undefined) return;
      if (waiting === undefined) idle.set(script.href, [...(idle.get(script.href) ?? []), thread]);
      else thread.terminate();
    },
    terminate() {
      fail('it was stopped');
      void worker.terminate();
    },
  };
  return thread;
}

/** The built program has the script as JavaScript. In a checkout the sources run as they are, through a loader. */
function runnable(script: URL): URL {
  if (import.meta.url.endsWith('.js')) return new URL(script.href.replace(/\.ts$/, '.js'));
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href;
  const start = `import { register } from '${loader}'; register(); await import('${script.href}');`;
  return new URL(`data:text/javascript,${encodeURIComponent(start)}`);
}
