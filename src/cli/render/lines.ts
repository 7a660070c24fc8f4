import { formatDuration } from '../../lib/format.ts';
import type { PipelineEvent } from '../../progress/events.ts';
import { line, lines, type Shown } from './shown.ts';
import type { Style } from './style.ts';

/** Log lines of a step that are kept, to be shown if it fails. */
const keptLogLines = 12;

/** The log lines of the steps that run, the last few of each. */
export interface LogTail {
  add(step: number, line: string): void;
  /** Gives the step's lines and forgets them. */
  take(step: number): string[];
}

export function logTail(): LogTail {
  const lines = new Map<number, string[]>();
  return {
    add(step, line) {
      const kept = lines.get(step) ?? [];
      kept.push(line);
      if (kept.length > keptLogLines) kept.shift();
      lines.set(step, kept);
    },
    take(step) {
      const kept = lines.get(step) ?? [];
      lines.delete(step);
      return kept;
    },
  };
}

/** A log line as both views show it: what only ends it or begins it anew is left out. */
export function logLine(text: string, style: Style): Shown {
  return style.dim(`  | ${text.replace(/[\r\n]+/g, ' ').trimEnd()}`);
}

/** A warning as both views show it. */
export function warningLines(event: Extract<PipelineEvent, { type: 'warning' }>, style: Style): Shown {
  return lines([
    message(style.yellow('warning:'), event.message),
    ...(event.hint === undefined ? [] : [message(style.cyan('hint:'), event.hint)]),
  ]);
}

/**
 * A message behind its mark. It may have several lines, and quote others: what does not stand in its first line is
 * indented, so that nothing in it passes for a message of its own.
 */
export function message(mark: Shown, text: string): Shown {
  const [first = '', ...rest] = text.split('\n');
  return lines([line`${mark} ${first}`, ...rest.map((part) => (/^( {2}|$)/.test(part) ? part : `  ${part}`))]);
}

/** What follows a finished step's title: its note and how long it took. */
export function stepOutcome(event: { milliseconds: number; note?: string | undefined }): string {
  const duration = formatDuration(event.milliseconds);
  return event.note === undefined ? duration : `${event.note} (${duration})`;
}
