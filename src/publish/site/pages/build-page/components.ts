import { plural } from '../../../../lib/format.ts';
import { type Content, html } from '../../markup/html.ts';

/** Names in a line of a table. */
const mostNames = 12;

/** What is in a layer, as the layer says. */
export function componentNames(components: readonly string[]): Content {
  if (components.length === 0)
    return html`<span class="detail">the commit, its directories, and files of no package</span>`;
  const more = components.length - mostNames;
  const names = components.slice(0, mostNames).join(', ');
  return more > 0 ? [names, html` <span class="detail">and ${plural(more, 'more', 'more')}</span>`] : names;
}
