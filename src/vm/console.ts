import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import type { ErrorCode } from '../lib/error-codes.ts';
import { CosaError } from '../lib/errors.ts';
import { orAborted } from './abort.ts';

/** What a guest has written to its serial console, line by line, without terminal control sequences. */
export interface GuestConsole {
  /** Number of lines so far: a place to wait from. */
  readonly length: number;
  /** The last line with anything on it, finished or not; empty before the first. */
  readonly lastLine: string;
  /** The last lines that were written at or after line `from`, at most `count`. */
  tail(count: number, from?: number): readonly string[];
  /**
   * Waits until a line matches, without polling. Lines from `from` on are looked at, also those that are there already;
   * an unfinished line, such as a login prompt, counts.
   * @throws CosaError `CONSOLE_TIMEOUT`, `CONSOLE_ENDED` with the last lines
   */
  waitFor(pattern: RegExp, options: { milliseconds: number; from?: number; signal?: AbortSignal }): Promise<string>;
  /** Calls back whenever something was written; returns what ends that. */
  onOutput(listener: () => void): () => void;
}

/** A runaway guest must not fill our memory: at most twice so many lines, each only so long, are kept. */
const maximumLines = 20_000;
const maximumLineLength = 4_096;

/** Removes what a terminal would not show as text: colours, cursor movements, other control characters except tab. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replace(/[^\P{Cc}\t]/gu, '');
}

/** Collects what comes out of `output` until it ends. */
export function watchConsole(output: Readable): GuestConsole {
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  let dropped = 0;
  let unfinished = '';
  let latest = '';
  let ended = false;

  function notify(): void {
    for (const listener of [...listeners]) listener();
  }

  output.setEncoding('utf8');
  output.on('data', (chunk: string) => {
    const parts = (unfinished + chunk).split('\n');
    unfinished = (parts.pop() ?? '').slice(-maximumLineLength);
    for (const part of parts) {
      const text = plainText(part).slice(0, maximumLineLength);
      if (text.trim() !== '') latest = text;
      lines.push(text);
    }
    // Many at once: removing from the front costs as much as the array is long.
    if (lines.length > 2 * maximumLines) {
      dropped += lines.length - maximumLines;
      lines.splice(0, lines.length - maximumLines);
    }
    notify();
  });
  output.once('close', () => {
    ended = true;
    notify();
  });

  function find(pattern: RegExp, from: number): string | undefined {
    const candidates = [...lines.slice(Math.max(0, from - dropped)), plainText(unfinished)];
    return candidates.find((line) => pattern.test(line));
  }

  function tail(count: number, from = 0): readonly string[] {
    const rest = plainText(unfinished);
    const all = [...lines.slice(Math.max(0, from - dropped)), ...(rest === '' ? [] : [rest])];
    return all.slice(Math.max(0, all.length - count));
  }

  function onOutput(listener: () => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  async function waitFor(
    pattern: RegExp,
    { milliseconds, from = 0, signal }: { milliseconds: number; from?: number; signal?: AbortSignal },
  ): Promise<string> {
    // Looks only at what is new since the last look.
    let next = from;
    const deadline = AbortSignal.timeout(milliseconds);
    const stop = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
    for (;;) {
      const found = find(pattern, next);
      if (found !== undefined) return found;
      signal?.throwIfAborted();
      if (ended) throw consoleError('CONSOLE_ENDED', `the machine has stopped without ${pattern}`, tail(10, from));
      if (deadline.aborted) {
        const seconds = Math.round(milliseconds / 1000);
        throw consoleError('CONSOLE_TIMEOUT', `no ${pattern} on the console within ${seconds} s`, tail(10, from));
      }
      next = Math.max(from, dropped + lines.length);
      await outputOr(stop);
    }
  }

  /** Until something is written, or `stop`; which of them, the caller sees. */
  async function outputOr(stop: AbortSignal): Promise<void> {
    let unsubscribe: (() => void) | undefined;
    const output = new Promise<void>((resolve) => {
      unsubscribe = onOutput(resolve);
    });
    try {
      await orAborted(output, stop).catch(() => undefined);
    } finally {
      unsubscribe?.();
    }
  }

  return {
    get length() {
      return dropped + lines.length;
    },
    get lastLine() {
      const rest = plainText(unfinished);
      return rest.trim() === '' ? latest : rest;
    },
    tail,
    waitFor,
    onOutput,
  };
}

function consoleError(code: ErrorCode, message: string, lastLines: readonly string[]): CosaError {
  const quoted = lastLines.length === 0 ? ': the console is empty' : `; its last lines:\n${lastLines.join('\n')}`;
  return new CosaError(code, `${message}${quoted}`);
}
