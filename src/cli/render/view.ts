import type { EventSink } from '../../progress/events.ts';
import type { Style } from './style.ts';

/** Shows what a flow tells. After `close` the stream holds whole lines and nothing more is written. */
export interface View {
  readonly events: EventSink;
  close(): void;
}

/** What a view needs of a stream: process.stderr, or a test's recorder. */
export interface ViewStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface ViewOptions {
  style: Style;
  /** Show log lines as they come, not only those of a step that fails. */
  verbose: boolean;
  /** A clock in milliseconds that only goes forward. */
  now: () => number;
}
