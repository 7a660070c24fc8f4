import { type Content, type Html, html } from '../markup/html.ts';
import type { SiteBuild } from '../model.ts';
import type { SiteContext } from './frame.ts';
import { buildLink, bytes, changesWord, dateTime, stateWord, streamLink, testsWord } from './parts.ts';

/**
 * Builds as a table, a line each.
 * @param from path of the page that it stands on
 * @param caption what the table lists, for who does not see where it stands
 */
export function buildTable(context: SiteContext, from: string, builds: readonly SiteBuild[], caption: string): Html {
  const { states, model } = context;
  const hasStreams = new Set(builds.map(({ stream }) => stream)).size > 1;
  const hasArchitectures = new Set(model.builds.map(({ architecture }) => architecture)).size > 1;
  const optional = (isThere: boolean, cell: () => Content): Content => (isThere ? cell() : undefined);
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table class="builds">
<thead><tr><th scope="col">Version</th>${optional(hasStreams, () => html`<th scope="col">Stream</th>`)}<th scope="col">State</th><th scope="col">Tests</th><th scope="col" class="wide">Built (UTC)</th>${optional(hasArchitectures, () => html`<th scope="col">Architecture</th>`)}<th scope="col" class="wide">Packages</th><th scope="col" class="number">Update</th><th scope="col" class="number wide">Size</th></tr></thead>
<tbody>
${builds.map(
  (build) =>
    html`<tr><th scope="row">${buildLink(context, from, build)}</th>${optional(hasStreams, () => html`<td>${streamCell(context, from, build)}</td>`)}<td>${stateWord(states.get(build))}</td><td>${testsWord(build)}</td><td class="wide">${dateTime(build.created)}</td>${optional(hasArchitectures, () => html`<td>${build.architecture}</td>`)}<td class="wide">${changesWord(build)}</td><td class="number">${build.update === undefined ? html`<span class="none">–</span>` : bytes(build.update.download)}</td><td class="number wide">${bytes(build.size)}</td></tr>
`,
)}</tbody></table></div>
`;
}

function streamCell(context: SiteContext, from: string, { stream }: SiteBuild): Content {
  return stream === undefined ? undefined : streamLink(context, from, stream);
}
