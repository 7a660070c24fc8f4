import { formatDuration } from '../../lib/format.ts';
import type { PipelineEvent } from '../../progress/events.ts';
import { logLine, logTail, stepOutcome, warningLines } from './lines.ts';
import { progressText } from './progress.ts';
import { line, type Showable, terminalText } from './shown.ts';
import type { View, ViewOptions, ViewStream } from './view.ts';

/** How often a step that does not end says that it still runs. */
const heartbeatMilliseconds = 30_000;

interface Running {
  title: string;
  begin: number;
  progress: string;
  status: string;
}

/**
 * One line for each step that ends, for logs and pipes. A step that takes long says so now and then:
 * a log that stops tells where.
 */
export function plainView(stream: ViewStream, options: ViewOptions): View {
  const { style, verbose, now } = options;
  const running = new Map<number, Running>();
  const logs = logTail();
  let heartbeat: NodeJS.Timeout | undefined;

  const print = (text: Showable) => stream.write(`${terminalText(text)}\n`);

  function sayStillRunning() {
    for (const { title, begin, progress, status } of running.values()) {
      const details = [formatDuration(now() - begin), progress, status].filter((text) => text !== '');
      print(style.dim(`running ${title}: ${details.join(', ')}`));
    }
  }

  function end(step: number) {
    running.delete(step);
    if (running.size > 0) return;
    clearInterval(heartbeat);
    heartbeat = undefined;
  }

  function events(event: PipelineEvent): void {
    switch (event.type) {
      case 'step-started':
        running.set(event.step, { title: event.title, begin: now(), progress: '', status: '' });
        heartbeat ??= setInterval(sayStillRunning, heartbeatMilliseconds).unref();
        return;
      case 'step-progress': {
        const step = running.get(event.step);
        if (step !== undefined) step.progress = progressText(event);
        return;
      }
      case 'step-status': {
        const step = running.get(event.step);
        if (step !== undefined) step.status = event.text.trim();
        return;
      }
      case 'step-log':
        if (verbose) print(logLine(event.line, style));
        else logs.add(event.step, event.line);
        return;
      case 'log':
        if (verbose) print(logLine(event.line, style));
        return;
      case 'step-finished': {
        end(event.step);
        logs.take(event.step);
        const mark = event.cached ? style.dim('cached ') : style.green('done   ');
        print(line`${mark} ${event.title}: ${stepOutcome(event)}`);
        return;
      }
      case 'step-failed':
        end(event.step);
        for (const kept of logs.take(event.step)) print(logLine(kept, style));
        print(line`${style.red('failed ')} ${event.title}: ${stepOutcome(event)}`);
        return;
      case 'warning':
        print(warningLines(event, style));
        return;
      case 'notice':
        print('');
        print(style.bold(event.message));
        return;
    }
  }

  return {
    events,
    close() {
      clearInterval(heartbeat);
      running.clear();
    },
  };
}
