import { plural } from '../../../lib/format.ts';
import { siteAddress } from '../markup/address.ts';
import { type Content, html } from '../markup/html.ts';
import type { SiteBuild, SiteStream } from '../model.ts';
import { buildTable } from './build-table.ts';
import type { Page, SiteContext } from './frame.ts';
import { buildLink, bytes, dateTime, remarksSection, streamLink, testsWord } from './parts.ts';
import { updatePlots } from './plots.ts';

const path = 'index.html';

/** Builds on the first page: a screen of them. */
const newestShown = 15;

/** The first page: streams, and what is new. */
export function homePage(context: SiteContext): Page {
  const { model } = context;
  const { builds, streams } = model;
  // Of the stream with the most builds: its plots say the most.
  const [main] = [...streams].sort((a, b) => b.builds.length - a.builds.length);
  const body = html`<h1>${streams.length === 0 ? model.title : 'Streams'}</h1>
${builds.length === 0 ? html`<p>There is no build yet.</p>` : undefined}
${streams.length === 0 ? undefined : streamTable(context)}
${main === undefined ? undefined : plotsSection(context, main)}
${
  builds.length === 0
    ? undefined
    : html`<section><h2>Newest builds</h2>
${buildTable(context, path, builds.slice(0, newestShown), 'Newest builds')}
${builds.length > newestShown ? html`<p><a href="${siteAddress('builds.html', 0)}">All ${plural(builds.length, 'build')}</a></p>` : undefined}</section>
`
}${remarksSection(model.remarks)}`;
  return { path, title: model.title, body };
}

function plotsSection(context: SiteContext, stream: SiteStream): Content {
  const plots = updatePlots(oneArchitecture(stream.builds));
  return plots === undefined
    ? undefined
    : html`<section><h2>Updates of ${streamLink(context, path, stream.name)}</h2>
${plots}</section>
`;
}

/** Those of the architecture that has the most: of two that take turns a plot would show a comb. */
export function oneArchitecture(builds: readonly SiteBuild[]): readonly SiteBuild[] {
  const counts = new Map<string, number>();
  for (const { architecture } of builds) counts.set(architecture, (counts.get(architecture) ?? 0) + 1);
  const [most] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  return builds.filter(({ architecture }) => architecture === most);
}

function streamTable(context: SiteContext): Content {
  return html`<div class="scroll" role="region" aria-label="Streams" tabindex="0"><table>
<thead><tr><th scope="col">Stream</th><th scope="col">Promoted</th><th scope="col" class="wide">Built (UTC)</th><th scope="col">Candidate</th><th scope="col">Its tests</th><th scope="col" class="number wide">Its update</th></tr></thead>
<tbody>
${context.model.streams.map((stream) => streamRow(context, stream))}</tbody></table></div>
`;
}

function streamRow(context: SiteContext, { name, promoted, candidates }: SiteStream): Content {
  const [now] = promoted;
  const [next] = candidates;
  const none = html`<span class="none">none</span>`;
  const isSame = next !== undefined && promoted.includes(next);
  return html`<tr><th scope="row">${streamLink(context, path, name)}</th><td>${now === undefined ? none : buildLink(context, path, now)}</td><td class="wide">${now === undefined ? none : dateTime(now.created)}</td><td>${next === undefined ? none : isSame ? html`<span class="none">promoted</span>` : buildLink(context, path, next)}</td><td>${next === undefined ? none : testsWord(next)}</td><td class="number wide">${next?.update === undefined || isSame ? none : bytes(next.update.download)}</td></tr>
`;
}
