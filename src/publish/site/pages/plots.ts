import { formatBytes, plural } from '../../../lib/format.ts';
import { type Content, type Html, html } from '../markup/html.ts';
import type { SiteBuild } from '../model.ts';
import { barPlot, byteTicks } from '../plots/bars.ts';
import { buildTitle, dayOf } from './parts.ts';

/** Bars that can still be told apart, on a screen and on paper. */
const mostBars = 120;

/** What updates cost, and how much of a build a host has already, over time: of the newest builds, oldest first. */
export function updatePlots(builds: readonly SiteBuild[]): Content {
  const updates = builds
    .flatMap((build) => (build.update === undefined ? [] : [{ build, update: build.update }]))
    .slice(0, mostBars)
    .reverse();
  const [first, last] = [updates[0]?.build, updates.at(-1)?.build];
  if (first === undefined || last === undefined) return undefined;
  const ends = [endLabel(first), endLabel(last)] as const;
  const downloads = updates.map(({ update }) => update.download).sort((a, b) => a - b);
  const middle = downloads[Math.floor(downloads.length / 2)] ?? 0;
  return html`<div class="plots">
${figure(
  'What an update downloads',
  `From one build to the next. Half of ${plural(updates.length, 'update')} need at most ${formatBytes(middle)}; the newest build has ${formatBytes(last.size)}.`,
  barPlot({
    summary: `What each of ${plural(updates.length, 'update')} downloads: from ${formatBytes(downloads[0] ?? 0)} to ${formatBytes(downloads.at(-1) ?? 0)}, half of them at most ${formatBytes(middle)}`,
    bars: updates.map(({ build, update }) => ({
      value: update.download,
      label: `${buildTitle(build)}: ${formatBytes(update.download)} of ${formatBytes(build.size)}`,
    })),
    ticks: byteTicks(downloads.at(-1) ?? 0, formatBytes),
    ends,
  }),
)}
${figure(
  'Layers that a host has already',
  'Of the bytes of each build, those in layers of the build before it.',
  barPlot({
    summary: `Share of each build that is in layers of the build before it, of ${plural(updates.length, 'update')}`,
    bars: updates.map(({ build, update }) => ({
      value: share(update.kept, build.size),
      whole: 100,
      label: `${buildTitle(build)}: ${share(update.kept, build.size).toFixed(0)} %, ${plural(update.layers.kept, 'layer')} of ${build.layers.length}`,
    })),
    ticks: [0, 25, 50, 75, 100].map((value) => ({ value, label: `${value} %` })),
    ends,
  }),
)}
</div>
`;
}

function endLabel(build: SiteBuild): { name: string; detail: string } {
  return { name: buildTitle(build), detail: dayOf(build.created) };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : (part / whole) * 100;
}

function figure(title: string, caption: string, plot: Html): Html {
  return html`<figure><figcaption><h3>${title}</h3><p>${caption}</p></figcaption>${plot}</figure>`;
}
