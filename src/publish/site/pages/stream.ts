import { plural } from '../../../lib/format.ts';
import { type Content, html } from '../markup/html.ts';
import type { SiteBuild, SiteStream } from '../model.ts';
import { buildTable } from './build-table.ts';
import type { Page, SiteContext } from './frame.ts';
import { oneArchitecture } from './home.ts';
import { buildLink, dateTime, stateMarks } from './parts.ts';
import { updatePlots } from './plots.ts';

/** Builds in a stream's table; all are in that of the builds. */
const mostBuilds = 500;

/** The page of a stream: where it stands, what its updates cost, its builds. */
export function streamPage(context: SiteContext, { name, promoted, candidates, builds }: SiteStream): Page {
  const path = context.names.stream(name);
  const waiting = candidates.filter((build) => !promoted.includes(build));
  const plots = updatePlots(oneArchitecture(builds));
  const shown = builds.slice(0, mostBuilds);
  const body = html`<h1>${name}</h1>
<dl class="facts">
<dt>Promoted</dt><dd>${promoted.length === 0 ? 'nothing yet' : standing(context, path, promoted)}</dd>
${waiting.length === 0 ? undefined : html`<dt>Candidate</dt><dd>${standing(context, path, waiting)}</dd>`}
</dl>
${
  plots === undefined
    ? undefined
    : html`<section><h2>Updates</h2>
${plots}</section>
`
}<section><h2>Builds</h2>
${buildTable(context, path, shown, `Builds of ${name}`)}
${builds.length > shown.length ? html`<p>The newest ${shown.length} of ${plural(builds.length, 'build')}.</p>` : undefined}</section>
`;
  return { path, title: name, body };
}

function standing(context: SiteContext, path: string, builds: readonly SiteBuild[]): Content {
  return builds.map(
    (build) =>
      html`<div>${buildLink(context, path, build)} <span class="detail">${build.architecture}, ${dateTime(build.created)}</span> ${stateMarks(context.states.get(build))}</div>`,
  );
}
