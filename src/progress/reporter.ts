export type ProgressUnit = 'bytes' | 'files' | 'packages';

/** What a piece of work may say and ask while it runs. Domains take one as a parameter; they never print. */
export interface Reporter {
  /** Aborted when the user interrupts: long work must stop soon after. */
  readonly signal: AbortSignal;
  /** How far the work is. Cheap to call often; the view samples it. */
  progress(done: number, total: number | undefined, unit: ProgressUnit): void;
  /** What it is at just now, in a few words: shown beside the time while it runs. Cheap to call often. */
  status(text: string): void;
  /** A line of detail, shown with --verbose and kept for the view of a failure. */
  log(line: string): void;
  /** Something that a person should know of, and what can be done about it. */
  warn(message: string, hint?: string): void;
  /** The result in a few words, shown behind the finished step: "212 packages, 3 new". */
  note(text: string): void;
}

/** A reporter that nobody watches: for tests and for callers without a view. */
export function silentReporter(signal: AbortSignal = new AbortController().signal): Reporter {
  const nothing = () => undefined;
  return { signal, progress: nothing, status: nothing, log: nothing, warn: nothing, note: nothing };
}
