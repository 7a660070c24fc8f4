import { formatDuration } from '../../lib/format.ts';
import type { PipelineEvent } from '../../pipeline/events.ts';
import { printable, printableLine } from './printable.ts';
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

/** A log line as both views show it. */
export function logLine(line: string, style: Style): string {
  return style.dim(`  | ${printableLine(line)}`);
}

/** A warning as both views show it. */
export function warningLines(event: Extract<PipelineEvent, { type: 'warning' }>, style: Style): string {
  const hint = event.hint === undefined ? '' : `\n${style.cyan('hint:')} ${printable(event.hint, false)}`;
  return `${style.yellow('warning:')} ${printable(event.message, false)}${hint}`;
}

/** What follows a finished step's title: its note and how long it took. */
export function stepOutcome(event: { milliseconds: number; note?: string | undefined }): string {
  const duration = formatDuration(event.milliseconds);
  return event.note === undefined ? duration : `${printableLine(event.note)} (${duration})`;
}
