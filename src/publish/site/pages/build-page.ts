import { plural } from '../../../lib/format.ts';
import { fragmentAddress, webAddress } from '../markup/address.ts';
import { type Content, html } from '../markup/html.ts';
import type { SiteBuild } from '../model.ts';
import { artifactsSection } from './build-page/artifacts.ts';
import { changesSection } from './build-page/changes.ts';
import { contentSection } from './build-page/content.ts';
import { testsSection } from './build-page/tests.ts';
import { useSection } from './build-page/use.ts';
import type { Page, SiteContext } from './frame.ts';
import { buildTitle, bytes, dateTime, packageCount, remarksSection, stateMarks, streamLink } from './parts.ts';

interface Section {
  id: string;
  title: string;
  body: Content;
}

/** The page of a build: what it is, how its tests went, what it brings, what it is made of, and how a machine gets it. */
export function buildPage(context: SiteContext, build: SiteBuild): Page {
  const path = context.names.build(build);
  const title = buildTitle(build);
  const sections = sectionsOf(context, path, build).filter(({ body }) => body !== undefined);
  const body = html`<h1>${title}</h1>
<p class="lead">${stateMarks(context.states.get(build))}</p>
${facts(context, path, build)}
<nav class="sections" aria-label="On this page">${sections.map(({ id, title: name }) => html`<a href="${fragmentAddress(id)}">${name}</a> `)}</nav>
${sections.map(
  ({ id, title: name, body: content }) => html`<section id="${id}"><h2>${name}</h2>
${content}</section>
`,
)}${remarksSection(build.remarks)}`;
  return { path, title, body };
}

function sectionsOf(context: SiteContext, path: string, build: SiteBuild): Section[] {
  return [
    { id: 'tests', title: 'Tests', body: testsSection(build) },
    { id: 'changes', title: 'Changes', body: changesSection(context, path, build) },
    { id: 'use', title: 'Use it', body: useSection(context.model, build) },
    { id: 'images', title: 'Disk images', body: artifactsSection(build) },
    { id: 'made-of', title: 'What it is made of', body: contentSection(build) },
  ];
}

function facts(context: SiteContext, path: string, build: SiteBuild): Content {
  const { name, stream, architecture, created, kernel, source, revision, tags, digest, commit, signed, layers, size } =
    build;
  const rows: readonly (readonly [string, Content])[] = [
    ['System', name],
    ['Stream', stream === undefined ? undefined : streamLink(context, path, stream)],
    ['Architecture', architecture],
    ['Built', created === undefined ? undefined : [dateTime(created), ' UTC']],
    ['Kernel', kernel],
    ['Size', `${bytes(size)} in ${plural(layers.length, 'layer')}`],
    ['Packages', packageCount(build) === undefined ? undefined : String(build.packages.packages?.length)],
    ['Tags', tags.length === 0 ? undefined : tags.map((tag) => html`<code>${tag}</code> `)],
    ['Signature', signed ? 'there is one; nobody has verified it here' : 'none'],
    ['Config', configSource(source, revision)],
    ['Digest', html`<code>${digest}</code>`],
    ['Commit', commit === undefined ? undefined : html`<code>${commit}</code>`],
  ];
  return html`<dl class="facts">
${rows.map(([term, value]) =>
  value === undefined
    ? undefined
    : html`<dt>${term}</dt><dd>${value}</dd>
`,
)}</dl>
`;
}

function configSource(source: string | undefined, revision: string | undefined): Content {
  if (source === undefined && revision === undefined) return undefined;
  const address = source === undefined ? undefined : webAddress(source);
  const where =
    source === undefined ? undefined : address === undefined ? source : html`<a href="${address}">${source}</a>`;
  return [where, revision === undefined ? undefined : html` <code>${revision}</code>`];
}
