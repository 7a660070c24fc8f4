import { formatDuration } from '../../lib/format.ts';
import type { PipelineEvent } from '../../progress/events.ts';
import { logLine, logTail, warningLines } from './lines.ts';
import { type Progress, progressBar, rateText, shortProgressText } from './progress.ts';
import { line, lines, type Showable, type Shown, terminalText } from './shown.ts';
import type { View, ViewOptions, ViewStream } from './view.ts';
import { cutToWidth, padded, shortenedTo, visibleWidth } from './width.ts';

const frameMilliseconds = 100;
const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const barWidth = 10;
/** Titles are padded to this width, so that the notes of short and long ones stand below each other. */
const titleWidth = 28;
/** So much of it is left on a narrow terminal. */
const leastTitle = 8;

interface Running {
  title: string;
  begin: number;
  progress: Progress | undefined;
  status: string;
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

  function runningLine(step: Running): Shown {
    const elapsed = now() - step.begin;
    const parts: Showable[] = [];
    const { progress } = step;
    if (progress?.total !== undefined && progress.total > 0) {
      const bar = progressBar(progress.done, progress.total, barWidth);
      parts.push(line`${style.cyan(bar.filled)}${style.dim(bar.empty)}`);
    }
    const rate = progress === undefined ? '' : rateText(progress, elapsed);
    const details = [
      progress === undefined ? '' : shortProgressText(progress),
      rate === '' ? formatDuration(elapsed) : rate,
    ];
    parts.push(style.dim(details.filter((text) => text !== '').join(', ')));
    const mark = style.cyan(spinner[frame % spinner.length] ?? '');
    const end = lines(parts, ' ');
    // Where space is short the title gives way: what moves stands behind it.
    const room = columns() - 1 - visibleWidth(line`${mark}  ${end}`);
    const wanted = Math.max(titleWidth, visibleWidth(step.title));
    const title = shortenedTo(step.title, Math.max(leastTitle, Math.min(wanted, room)));
    const status = step.status === '' ? [] : [style.dim(step.status)];
    return cutToWidth(lines([mark, title, end, ...status], ' '), columns() - 1);
  }

  // The carriage return undoes what the terminal echoed, such as ^C.
  const erase = () => (painted === 0 ? '' : `\r\u001b[${painted}A\u001b[J`);

  // A terminal that does not know its width says 0.
  const columns = () => stream.columns || 80;

  /** @param above lines that stay */
  function paint(above: readonly Showable[] = []): void {
    const bottom = [...running.values()].map(runningLine);
    const text = `${erase()}${[...above, ...bottom].map((shown) => `${terminalText(shown)}\n`).join('')}`;
    painted = bottom.length;
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

  function finishedLine(mark: Shown, title: string, note: string | undefined, milliseconds: number): Shown {
    const parts = [mark, padded(title, titleWidth), ...(note === undefined ? [] : [note])];
    return lines([...parts, style.dim(formatDuration(milliseconds))], ' ');
  }

  function events(event: PipelineEvent): void {
    switch (event.type) {
      case 'step-started':
        running.set(event.step, { title: event.title, begin: now(), progress: undefined, status: '' });
        timer ??= setInterval(tick, frameMilliseconds).unref();
        paint();
        return;
      case 'step-progress': {
        const step = running.get(event.step);
        if (step !== undefined) step.progress = { done: event.done, total: event.total, unit: event.unit };
        return;
      }
      case 'step-status': {
        const step = running.get(event.step);
        if (step !== undefined) step.status = event.text.trim();
        return;
      }
      case 'step-log':
        if (verbose) paint([logLine(event.line, style)]);
        else logs.add(event.step, event.line);
        return;
      case 'log':
        if (verbose) paint([logLine(event.line, style)]);
        return;
      case 'step-finished': {
        end(event.step);
        logs.take(event.step);
        const note = event.cached ? ['cached', event.note].filter((text) => text !== undefined).join(', ') : event.note;
        const mark = event.cached ? style.dim('✔') : style.green('✔');
        paint([finishedLine(mark, event.title, note, event.milliseconds)]);
        return;
      }
      case 'step-failed': {
        end(event.step);
        const kept = logs.take(event.step).map((text) => logLine(text, style));
        paint([...kept, finishedLine(style.red('✖'), event.title, undefined, event.milliseconds)]);
        return;
      }
      case 'warning':
        paint([warningLines(event, style)]);
        return;
      case 'notice':
        paint(['', style.bold(event.message)]);
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
