import { siteAddress } from '../markup/address.ts';
import { type Address, type Content, type Html, html, htmlText } from '../markup/html.ts';
import type { SiteBuild, SiteModel } from '../model.ts';
import type { PageNames } from '../names.ts';
import type { BuildState } from '../state.ts';

/** What all pages are made of. */
export interface SiteContext {
  model: SiteModel;
  names: PageNames;
  states: ReadonlyMap<SiteBuild, BuildState>;
  /** Path of the style sheet. */
  style: string;
  /** Path of the icon. */
  icon: string;
}

/** A page before it has its frame. */
export interface Page {
  /** Path below the site's root. */
  path: string;
  title: string;
  body: Html;
}

/**
 * What a page may load: its style sheet and its icon, from where it lies itself, and nothing else from anywhere. No script runs.
 * https://www.w3.org/TR/CSP3/
 */
export const contentPolicy =
  "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

/** How many directories below the root a page lies. */
export function depthOf(path: string): number {
  return path.split('/').length - 1;
}

/** The text of a page. */
export function pageText(context: SiteContext, { path, title, body }: Page): string {
  const { model, style, icon } = context;
  const to = (target: string): Address => siteAddress(target, depthOf(path));
  const link = (target: string, text: string): Content =>
    path === target
      ? html`<a href="${to(target)}" aria-current="page">${text}</a>`
      : html`<a href="${to(target)}">${text}</a>`;
  return htmlText(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title === model.title ? title : [title, ' – ', model.title]}</title>
<link rel="stylesheet" href="${to(style)}">
<link rel="icon" type="image/svg+xml" href="${to(icon)}">
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header><nav aria-label="Site"><a class="home" href="${to('index.html')}">${model.title}</a> ${link('index.html', 'Streams')} ${link('builds.html', 'Builds')}</nav></header>
<main id="content">
${body}</main>
<footer><p>${model.repository === undefined ? undefined : html`Made from <code>${model.repository}</code>. `}Test results and signatures are shown as they were found beside each container; <code>cosa verify</code> checks who signed them.</p></footer>
</body>
</html>
`);
}
