import { type Content, type Html, html } from '../markup/html.ts';

/** A bar of a plot. */
interface Bar {
  /** In the axis' unit. */
  value: number;
  /** Behind it, lighter: what the value is a part of; nothing unless given. */
  whole?: number;
  /** For who points at it. */
  label: string;
}

interface EndLabel {
  name: string;
  detail: string;
}

export interface BarPlot {
  /** What the plot shows, for who does not see it; the figures stand in a table on the same page. */
  summary: string;
  bars: readonly Bar[];
  /** The axis' labels, from nought upwards. */
  ticks: readonly { value: number; label: string }[];
  /** Below the first bar and the last: a name, and more that a narrow page has no room for. */
  ends: readonly [EndLabel, EndLabel];
}

/** A few bars take the room that a quarter of a year of weeks would: as wide as the page they would be no bars. */
const leastSlots = 24;

/** Percent of the width that both labels below the bars take, beside each other. */
const endLabelWidth = 72;

/** Heights in pixels: the width is the page's, and texts are as large as others. */
const [plotTop, plotHeight, axisHeight] = [8, 160, 24];
const bottom = plotTop + plotHeight;

/**
 * A plot of bars as SVG: horizontal measures are percentages, so that it fits each page without a script and no text is
 * stretched.
 */
export function barPlot({ summary, bars, ticks, ends }: BarPlot): Html {
  const highest = Math.max(1, ...ticks.map(({ value }) => value));
  const heightOf = (value: number) => Math.min(1, Math.max(0, value / highest)) * plotHeight;
  const slot = 100 / Math.max(leastSlots, bars.length);
  const gap = Math.min(slot * 0.25, 0.6);
  const end = percent(Math.max(slot * bars.length, endLabelWidth));
  const column = (kind: string, value: number, index: number) => {
    const height = heightOf(value);
    return html`<rect class="${kind}" x="${percent(index * slot + gap / 2)}" width="${percent(slot - gap)}" y="${pixels(bottom - height)}" height="${pixels(height)}"/>`;
  };
  return html`<svg class="plot" role="img" aria-label="${summary}" height="${bottom + axisHeight}">
${ticks.map(({ value, label }) => {
  const y = pixels(bottom - heightOf(value));
  return html`<line class="grid" x1="0" x2="100%" y1="${y}" y2="${y}"/><text class="tick" x="0" y="${y}" dx="-8" dy="4">${label}</text>`;
})}
${bars.map(
  ({ value, whole, label }, index) =>
    html`<g>${whole === undefined ? undefined : column('whole', whole, index)}${column('part', value, index)}<title>${label}</title></g>`,
)}
<text class="end" x="0" y="${bottom + 18}">${endText(ends[0])}</text><text class="end last" x="${end}" y="${bottom + 18}">${endText(ends[1])}</text></svg>
`;
}

function endText({ name, detail }: EndLabel): Content {
  return [name, html`<tspan class="wide"> ${detail}</tspan>`];
}

/** Of the width; two digits are a tenth of a pixel on any page. */
export function percent(value: number): string {
  return `${trimmed(value, 2)}%`;
}

function pixels(value: number): string {
  return trimmed(value, 1);
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

/**
 * Round values for an axis of bytes, from nought to at least the highest.
 * @param highest bytes
 * @param label writes one for people
 */
export function byteTicks(highest: number, label: (bytes: number) => string): { value: number; label: string }[] {
  const unit = 1000 ** Math.max(0, Math.floor(Math.log10(Math.max(1, highest)) / 3));
  const wanted = Math.max(1, highest / unit) / 4;
  const magnitude = 10 ** Math.floor(Math.log10(wanted));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= wanted) ?? 10) * magnitude * unit;
  const count = Math.max(1, Math.ceil(highest / step));
  return Array.from({ length: count + 1 }, (_, index) => ({ value: index * step, label: label(index * step) }));
}
