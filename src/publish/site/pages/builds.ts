import { formatCount, plural } from '../../../lib/format.ts';
import { siteAddress } from '../markup/address.ts';
import { type Content, html } from '../markup/html.ts';
import { buildTable } from './build-table.ts';
import type { Page, SiteContext } from './frame.ts';

/** Builds on a page: a browser lays these out in a moment. */
const buildsOnPage = 2000;

/** Paths of the pages that list all builds. */
export function buildsPaths({ model }: Pick<SiteContext, 'model'>): string[] {
  const count = Math.max(1, Math.ceil(model.builds.length / buildsOnPage));
  return Array.from({ length: count }, (_, index) => (index === 0 ? 'builds.html' : `builds-${index + 1}.html`));
}

/** One of the pages that list all builds. @param number from nought */
export function buildsPage(context: SiteContext, number: number): Page {
  const { builds } = context.model;
  const paths = buildsPaths(context);
  const path = paths[number] ?? 'builds.html';
  const shown = builds.slice(number * buildsOnPage, (number + 1) * buildsOnPage);
  const title = number === 0 ? 'Builds' : `Builds, page ${number + 1}`;
  const body = html`<h1>${title}</h1>
<p class="lead">${plural(builds.length, 'build')}, newest first.</p>
${shown.length === 0 ? undefined : buildTable(context, path, shown, title)}
${paths.length === 1 ? undefined : pageLinks(paths, number)}`;
  return { path, title, body };
}

function pageLinks(paths: readonly string[], current: number): Content {
  return html`<nav class="pages" aria-label="Pages">${paths.map((path, index) =>
    index === current
      ? html`<a href="${siteAddress(path, 0)}" aria-current="page">${formatCount(index + 1)}</a> `
      : html`<a href="${siteAddress(path, 0)}">${formatCount(index + 1)}</a> `,
  )}</nav>
`;
}
