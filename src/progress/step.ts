import type { EventSink } from './events.ts';
import type { Reporter } from './reporter.ts';

/** What every step of one command shares. */
export interface Pipeline {
  readonly events: EventSink;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /** A number for a step that begins: no other step of this pipeline has it. */
  readonly nextStep: () => number;
}

/** A pipeline of no steps yet, whose events go to `events`. */
export function createPipeline(events: EventSink, signal: AbortSignal): Pipeline {
  let steps = 0;
  return { events, signal, nextStep: () => ++steps };
}

/**
 * Runs one step of a flow and reports its beginning, progress and end.
 * @param title what the step does, as a person would say it: "resolve packages"
 * @param body the work; calls `reporter.note` with its result in a few words
 */
export async function runStep<T>(
  pipeline: Pipeline,
  title: string,
  body: (reporter: Reporter) => Promise<T>,
): Promise<T> {
  return observed(pipeline, title, async (reporter) => ({ value: await body(reporter), cached: false }));
}

/**
 * As {@link runStep}, for a step whose result is kept under a key of everything that goes in.
 * @param cached gives the kept result or `undefined`; must verify what it finds
 */
export async function runCachedStep<T>(
  pipeline: Pipeline,
  title: string,
  cached: () => Promise<T | undefined>,
  body: (reporter: Reporter) => Promise<T>,
): Promise<T> {
  return observed(pipeline, title, async (reporter) => {
    const found = await cached();
    return found === undefined ? { value: await body(reporter), cached: false } : { value: found, cached: true };
  });
}

async function observed<T>(
  pipeline: Pipeline,
  title: string,
  body: (reporter: Reporter) => Promise<{ value: T; cached: boolean }>,
): Promise<T> {
  pipeline.signal.throwIfAborted();
  const { events, signal } = pipeline;
  const step = pipeline.nextStep();
  const begin = performance.now();
  const elapsed = () => performance.now() - begin;
  let note: string | undefined;
  events({ type: 'step-started', step, title });
  try {
    const { value, cached } = await body({
      signal,
      progress: (done, total, unit) => events({ type: 'step-progress', step, done, total, unit }),
      status: (text) => events({ type: 'step-status', step, text }),
      log: (line) => events({ type: 'step-log', step, line }),
      warn: (message, hint) => events({ type: 'warning', message, hint }),
      note: (text) => {
        note = text;
      },
    });
    events({ type: 'step-finished', step, title, milliseconds: elapsed(), cached, note });
    return value;
  } catch (error) {
    events({ type: 'step-failed', step, title, milliseconds: elapsed() });
    throw error;
  }
}
