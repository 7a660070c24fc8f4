import { formatBytes, formatCount, formatDuration } from '../../lib/format.ts';
import type { ProgressUnit } from '../../progress/reporter.ts';

export interface Progress {
  done: number;
  total: number | undefined;
  unit: ProgressUnit;
}

/** How far a step is, in words: "110 MB of 212 MB (52 %)", "1,204 files". */
export function progressText(progress: Progress): string {
  const { done, total, unit } = progress;
  const amount = (value: number) => (unit === 'bytes' ? formatBytes(value) : formatCount(value));
  const noun = unit === 'bytes' ? '' : ` ${unit}`;
  if (total === undefined || total <= 0) return `${amount(done)}${noun}`;
  return `${amount(done)} of ${amount(total)}${noun} (${percent(done, total)} %)`;
}

/** The same beside a bar, where space is dear: "52 % of 212 MB", "31 of 64 layers". */
export function shortProgressText(progress: Progress): string {
  const { done, total, unit } = progress;
  if (total === undefined || total <= 0) return progressText(progress);
  if (unit === 'bytes') return `${percent(done, total)} % of ${formatBytes(total)}`;
  return `${formatCount(done)} of ${formatCount(total)} ${unit}`;
}

/** A bar of `width` cells. */
export function progressBar(done: number, total: number, width: number): { filled: string; empty: string } {
  const part = Math.min(1, Math.max(0, done / total));
  const filled = Math.round(part * width);
  return { filled: '━'.repeat(filled), empty: '╌'.repeat(width - filled) };
}

/**
 * Speed and time left of a transfer, once there is enough to judge by: "23 MB/s, 4 s left".
 * @param milliseconds since the step began
 */
export function rateText(progress: Progress, milliseconds: number): string {
  const { done, total, unit } = progress;
  if (unit !== 'bytes' || milliseconds < 1000 || done === 0) return '';
  const perSecond = (done * 1000) / milliseconds;
  const rate = `${formatBytes(perSecond)}/s`;
  if (total === undefined || total <= done) return rate;
  return `${rate}, ${formatDuration(((total - done) * 1000) / perSecond)} left`;
}

function percent(done: number, total: number): number {
  return Math.min(100, Math.floor((done * 100) / total));
}
