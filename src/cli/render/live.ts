import { formatDuration } from '../../lib/format.ts';
import type { PipelineEvent } from '../../pipeline/events.ts';
import { logLine, logTail, warningLines } from './lines.ts';
import { printableLine } from './printable.ts';
import { type Progress, progressBar, rateText, shortProgressText } from './progress.ts';
import { visibleWidth } from './table.ts';
import type { View, ViewOptions, ViewStream } from './view.ts';

const frameMilliseconds = 100;
const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const barWidth = 10;
/** Titles are padded to this width, so that the notes of short and long ones stand below each other. */
const titleWidth = 28;

interface Running {
  title: string;
  begin: number;
  progress: Progress | undefined;
}

/**
 * Steps that run are painted over and over at the bottom of the terminal; one that ends leaves its
 * line above. Log lines, with --verbose, go above as well.
 */
export function liveView(stream: ViewStream, options: ViewOptions): View {
  const { style, verbose, now } = options;
  const running = new Map<number, Running>();
  const logs = logTail();
  let painted = 0;
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;

  function runningLine(step: Running): string {
    const elapsed = now() - step.begin;
    const parts = [step.title.padEnd(titleWidth)];
    const { progress } = step;
    if (progress?.total !== undefined && progress.total > 0) {
      const bar = progressBar(progress.done, progress.total, barWidth);
      parts.push(`${style.cyan(bar.filled)}${style.dim(bar.empty)}`);
    }
    const rate = progress === undefined ? '' : rateText(progress, elapsed);
    const details = [
      progress === undefined ? '' : shortProgressText(progress),
      rate === '' ? formatDuration(elapsed) : rate,
    ];
    parts.push(style.dim(details.filter((text) => text !== '').join(', ')));
    return cutToWidth(`${style.cyan(spinner[frame % spinner.length] ?? '')} ${parts.join(' ')}`, stream.columns ?? 80);
  }

  // The carriage return undoes what the terminal echoed, such as ^C.
  const erase = () => (painted === 0 ? '' : `\r\u001b[${painted}A\u001b[J`);

  function paint(above = ''): void {
    const lines = [...running.values()].map(runningLine);
    const text = `${erase()}${above}${lines.map((line) => `${line}\n`).join('')}`;
    painted = lines.length;
    // One write a frame, or the terminal shows the erased state in between.
    if (text !== '') stream.write(text);
  }

  function tick() {
    frame += 1;
    paint();
  }

  function end(step: number) {
    running.delete(step);
    if (running.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  function finishedLine(mark: string, title: string, note: string | undefined, milliseconds: number): string {
    const parts = [mark, printableLine(title).padEnd(titleWidth)];
    if (note !== undefined) parts.push(printableLine(note));
    parts.push(style.dim(formatDuration(milliseconds)));
    return `${parts.join(' ')}\n`;
  }

  function events(event: PipelineEvent): void {
    switch (event.type) {
      case 'step-started':
        running.set(event.step, { title: printableLine(event.title), begin: now(), progress: undefined });
        timer ??= setInterval(tick, frameMilliseconds).unref();
        paint();
        return;
      case 'step-progress': {
        const step = running.get(event.step);
        if (step !== undefined) step.progress = { done: event.done, total: event.total, unit: event.unit };
        return;
      }
      case 'step-log':
        if (verbose) paint(`${logLine(event.line, style)}\n`);
        else logs.add(event.step, event.line);
        return;
      case 'step-finished': {
        end(event.step);
        logs.take(event.step);
        const note = event.cached ? ['cached', event.note].filter((text) => text !== undefined).join(', ') : event.note;
        const mark = event.cached ? style.dim('✔') : style.green('✔');
        paint(finishedLine(mark, event.title, note, event.milliseconds));
        return;
      }
      case 'step-failed': {
        end(event.step);
        const lines = logs.take(event.step).map((line) => `${logLine(line, style)}\n`);
        paint(`${lines.join('')}${finishedLine(style.red('✖'), event.title, undefined, event.milliseconds)}`);
        return;
      }
      case 'warning':
        paint(`${warningLines(event, style)}\n`);
        return;
    }
  }

  return {
    events,
    close() {
      clearInterval(timer);
      running.clear();
      paint();
    },
  };
}

/** Cuts a line to the terminal's width: one that wraps could not be painted over. */
function cutToWidth(line: string, columns: number): string {
  if (visibleWidth(line) < columns) return line;
  let width = 0;
  let result = '';
  for (const [piece, sequence] of line.matchAll(/(\p{Cc}\[[0-9;]*m)|./gu)) {
    if (sequence === undefined) {
      width += 1;
      if (width >= columns) continue;
    }
    result += piece;
  }
  return result;
}
