import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { viewFor } from '../../../src/cli/render/choose.ts';
import { plainStyle } from '../../../src/cli/render/style.ts';
import { visibleWidth } from '../../../src/cli/render/width.ts';

/** What a terminal shows after these writes: knows newlines, "up N lines" and "erase to the end". */
function screen(written: string): string[] {
  const lines: string[] = [''];
  for (const [piece, up, erase] of written.matchAll(/\p{Cc}\[(\d+)A|\p{Cc}\[(J)|\n|[^\n\p{Cc}]+/gu)) {
    if (up !== undefined) lines.splice(lines.length - 1 - Number(up), Number(up));
    else if (erase !== undefined) lines[lines.length - 1] = '';
    else if (piece === '\n') lines.push('');
    else lines[lines.length - 1] += piece;
  }
  return lines;
}

describe('progress on a terminal', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function view(columns: number, verbose = false) {
    let written = '';
    let time = 0;
    const stream = { isTTY: true, columns, write: (text: string) => (written += text) };
    const live = viewFor(stream, {}, { style: plainStyle, quiet: false, verbose, now: () => time });
    const advance = (milliseconds: number) => {
      time += milliseconds;
      vi.advanceTimersByTime(milliseconds);
    };
    return { live, advance, shown: () => screen(written) };
  }

  test('running steps stand below finished ones, and are gone in the end', () => {
    const { live, advance, shown } = view(100);
    live.events({ type: 'step-started', step: 1, title: 'download packages' });
    live.events({ type: 'step-started', step: 2, title: 'read the config' });
    live.events({ type: 'step-progress', step: 1, done: 50e6, total: 200e6, unit: 'bytes' });
    advance(2000);
    expect(shown()).toEqual([
      expect.stringMatching(/^. download packages {12}━{3}╌{7} 25 % of 200 MB, 25.0 MB\/s, 6.0 s left$/),
      expect.stringMatching(/^. read the config {14}2.0 s$/),
      '',
    ]);
    live.events({
      type: 'step-finished',
      step: 2,
      title: 'read the config',
      milliseconds: 2000,
      cached: false,
      note: '3 files',
    });
    expect(shown().map((line) => line.slice(0, 22))).toEqual([
      '✔ read the config     ',
      expect.stringMatching(/^. download packages/),
      '',
    ]);
    live.events({
      type: 'step-finished',
      step: 1,
      title: 'download packages',
      milliseconds: 2100,
      cached: true,
      note: '212 packages',
    });
    live.close();
    expect(shown()).toEqual([
      '✔ read the config              3 files 2.0 s',
      '✔ download packages            cached, 212 packages 2.1 s',
      '',
    ]);
  });

  test('no line is wider than the terminal', () => {
    const { live, advance, shown } = view(40);
    live.events({ type: 'step-started', step: 1, title: 'a title that is longer than any terminal would like it' });
    live.events({ type: 'step-progress', step: 1, done: 1, total: 2, unit: 'files' });
    advance(500);
    expect(Math.max(...shown().map((line) => visibleWidth(line)))).toBeLessThan(40);
  });

  test.each([80, 60])('of a long title, so much is left that bar and figures are seen in %i columns', (columns) => {
    const { live, advance, shown } = view(columns);
    live.events({ type: 'step-started', step: 1, title: 'download the packages 名前 that this container is made of' });
    live.events({ type: 'step-progress', step: 1, done: 50e6, total: 200e6, unit: 'bytes' });
    advance(2000);
    expect(shown()[0]).toMatch(/^. downloa.*… ━{3}╌{7} 25 % of 200 MB, 25.0 MB\/s, 6.0 s left$/);
    expect(visibleWidth(shown()[0] ?? '')).toBe(columns - 1);
  });

  test.each([100, 60])('what a step is at stands behind its time, and is cut first (%i columns)', (columns) => {
    const { live, advance, shown } = view(columns);
    live.events({ type: 'step-started', step: 1, title: 'basic.boot' });
    live.events({
      type: 'step-status',
      step: 1,
      text: '[  OK  ] Reached target \u001b[31mnetwork-online.target\n - Network is Online',
    });
    advance(30_000);
    const whole = `basic.boot${' '.repeat(19)}30 s [  OK  ] Reached target \\x1b[31mnetwork-online.target\\n - Network is Online`;
    expect(shown()[0]?.slice(2)).toBe(whole.slice(0, columns - 3));
  });

  test('a notice stands on a line of its own', () => {
    const { live, shown } = view(80);
    live.events({ type: 'notice', message: 'Leave with Ctrl-A X' });
    expect(shown()).toEqual(['', 'Leave with Ctrl-A X', '']);
  });

  test('a terminal that says it has no columns has 80', () => {
    const { live, advance, shown } = view(0);
    live.events({ type: 'step-started', step: 1, title: 'x'.repeat(100) });
    advance(100);
    expect(visibleWidth(shown()[0] ?? '')).toBe(79);
  });

  test('log lines go above with --verbose, and are shown for a step that fails without it', () => {
    const verbose = view(80, true);
    verbose.live.events({ type: 'step-started', step: 1, title: 'install' });
    verbose.live.events({ type: 'step-log', step: 1, line: 'Unpacking bash' });
    expect(verbose.shown()).toEqual(['  | Unpacking bash', expect.stringContaining('install'), '']);

    const terse = view(80);
    terse.live.events({ type: 'step-started', step: 1, title: 'install' });
    terse.live.events({ type: 'step-log', step: 1, line: 'Unpacking bash' });
    expect(terse.shown()).toEqual([expect.stringContaining('install'), '']);
    terse.live.events({ type: 'step-failed', step: 1, title: 'install', milliseconds: 5 });
    expect(terse.shown()).toEqual(['  | Unpacking bash', expect.stringMatching(/^✖ install +0.0 s$/), '']);
  });
});
