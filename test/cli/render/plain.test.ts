import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { viewFor } from '../../../src/cli/render/choose.ts';
import { plainStyle } from '../../../src/cli/render/style.ts';
import type { PipelineEvent } from '../../../src/progress/events.ts';

const story: PipelineEvent[] = [
  { type: 'step-started', step: 1, title: 'resolve packages' },
  { type: 'step-log', step: 1, line: 'reading the index' },
  {
    type: 'step-finished',
    step: 1,
    title: 'resolve packages',
    milliseconds: 1234,
    cached: false,
    note: '212 packages',
  },
  { type: 'step-started', step: 2, title: 'install packages' },
  { type: 'step-finished', step: 2, title: 'install packages', milliseconds: 40, cached: true, note: undefined },
  { type: 'warning', message: 'no KVM here', hint: 'expect emulation to be slow' },
  { type: 'step-started', step: 3, title: 'write layers' },
  { type: 'step-log', step: 3, line: 'layer 1\u001b[2J' },
  { type: 'step-failed', step: 3, title: 'write layers', milliseconds: 61_000 },
];

function tell(events: readonly PipelineEvent[], flags: { quiet?: boolean; verbose?: boolean } = {}): string {
  let text = '';
  const options = { style: plainStyle, quiet: false, verbose: false, now: () => 0, ...flags };
  const view = viewFor({ write: (piece) => (text += piece) }, {}, options);
  for (const event of events) view.events(event);
  view.close();
  return text;
}

describe('progress where there is no terminal', () => {
  test('is a line for each step that ended, with the log of one that failed', () => {
    expect(tell(story)).toBe(
      [
        'done    resolve packages: 212 packages (1.2 s)',
        'cached  install packages: 0.0 s',
        'warning: no KVM here',
        'hint: expect emulation to be slow',
        '  | layer 1\\x1b[2J',
        'failed  write layers: 1 min 1 s',
        '',
      ].join('\n'),
    );
  });

  test('has every log line with --verbose, as it comes', () => {
    expect(tell(story, { verbose: true })).toMatch(/^ {2}\| reading the index\ndone {4}resolve packages/);
  });

  test('has a notice on a line of its own, but not with --quiet', () => {
    const notice: PipelineEvent = { type: 'notice', message: 'Leave with Ctrl-A X' };
    expect(tell([notice])).toBe('\nLeave with Ctrl-A X\n');
    expect(tell([notice], { quiet: true })).toBe('');
  });

  test('is the warnings alone with --quiet', () => {
    expect(tell(story, { quiet: true })).toBe('warning: no KVM here\nhint: expect emulation to be slow\n');
  });
});

describe('a step that takes long', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('says now and then that it runs, and no more once it is over', () => {
    let text = '';
    let time = 0;
    const stream = { write: (piece: string) => (text += piece) };
    const view = viewFor(stream, {}, { style: plainStyle, quiet: false, verbose: false, now: () => time });
    view.events({ type: 'step-started', step: 7, title: 'download packages' });
    view.events({ type: 'step-progress', step: 7, done: 53e6, total: 212e6, unit: 'bytes' });
    time = 30_000;
    vi.advanceTimersByTime(30_000);
    view.events({
      type: 'step-finished',
      step: 7,
      title: 'download packages',
      milliseconds: 40_000,
      cached: false,
      note: undefined,
    });
    vi.advanceTimersByTime(60_000);
    expect(text).toBe('running download packages: 30 s, 53.0 MB of 212 MB (25 %)\ndone    download packages: 40 s\n');
  });
});
