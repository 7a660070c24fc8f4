import type { ProgressUnit } from './reporter.ts';

/** What a running flow tells whoever watches. A renderer turns these into a live view, plain lines or nothing. */
export type PipelineEvent =
  | { type: 'step-started'; step: number; title: string }
  | { type: 'step-progress'; step: number; done: number; total: number | undefined; unit: ProgressUnit }
  | { type: 'step-status'; step: number; text: string }
  | { type: 'step-log'; step: number; line: string }
  | {
      type: 'step-finished';
      step: number;
      title: string;
      milliseconds: number;
      cached: boolean;
      note: string | undefined;
    }
  | { type: 'step-failed'; step: number; title: string; milliseconds: number }
  /** A line of detail that belongs to no step: shown with --verbose alone. */
  | { type: 'log'; line: string }
  /** For a person, at once; a program may have left the cursor anywhere. */
  | { type: 'notice'; message: string }
  | { type: 'warning'; message: string; hint: string | undefined };

export type EventSink = (event: PipelineEvent) => void;
