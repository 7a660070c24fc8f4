import { hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
import { type Content, type Html, html } from '../markup/html.ts';
import { percent } from './bars.ts';

/** A rectangle of a treemap. */
export interface TreemapLeaf {
  name: string;
  /** Bytes. */
  size: number;
  /** For who points at it. */
  label: string;
  /** True for one that stands out. */
  isMarked: boolean;
}

/** What a page is wide, at least about, and how high the map is: rectangles near a square are easiest to compare. */
const [width, height] = [1000, 420];

/** Pixels that a map has on a wide page, and on a narrow one. */
const shownWidths = { wide: 1070, narrow: 360 };
/** Pixels of a letter, at most about, and of the room on both sides of a name. */
const [letter, margin] = [7, 12];
/** Letters of a name that are worth showing. */
const leastLetters = 6;
/** Percent of the height that a line of text takes. */
const lowest = 4.5;

/** A treemap as SVG, each rectangle as large as its bytes; texts are as large as others, and cut off at the edge. */
export function treemapPlot(summary: string, leaves: readonly TreemapLeaf[]): Html {
  const root = hierarchy<TreemapTree>({ children: leaves }, (node) =>
    'children' in node ? node.children : undefined,
  ).sum((node) => ('size' in node ? node.size : 0));
  const placed = treemap<TreemapTree>().tile(treemapSquarify.ratio(1.2)).size([width, height])(root);
  return html`<svg class="treemap" role="img" aria-label="${summary}" height="${height}">
${placed.leaves().map(({ data, x0, y0, x1, y1 }) =>
  'children' in data
    ? undefined
    : rectangle(data, {
        x: (x0 / width) * 100,
        y: (y0 / height) * 100,
        width: ((x1 - x0) / width) * 100,
        height: ((y1 - y0) / height) * 100,
      }),
)}</svg>
`;
}

type TreemapTree = TreemapLeaf | { children: readonly TreemapLeaf[] };

/** In percent of the map. */
interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

function rectangle({ name, label, isMarked }: TreemapLeaf, area: Area): Html {
  // A nested picture cuts off what does not fit.
  return html`<svg x="${percent(area.x)}" y="${percent(area.y)}" width="${percent(area.width)}" height="${percent(area.height)}"><rect class="${isMarked ? 'new' : 'kept'}" width="100%" height="100%"/>${nameIn(area, name)}<title>${label}</title></svg>
`;
}

/** As much of a name as has room on a wide page; a narrow page cuts it off, where at least some of it has room. */
function nameIn({ width: wide, height: high }: Area, name: string): Content {
  const lettersOn = (pixels: number) => Math.floor(((wide / 100) * pixels - margin) / letter);
  const letters = lettersOn(shownWidths.wide);
  if (high < lowest || letters < leastLetters) return undefined;
  const shown = name.length <= letters ? name : `${name.slice(0, letters - 1)}…`;
  return html`<text class="${lettersOn(shownWidths.narrow) < Math.min(shown.length, leastLetters) ? 'small' : 'large'}" x="6" y="16">${shown}</text>`;
}
