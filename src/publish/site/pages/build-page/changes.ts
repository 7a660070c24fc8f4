import { plural } from '../../../../lib/format.ts';
import { type Content, html } from '../../markup/html.ts';
import type { SiteBuild, SitePackageChanges } from '../../model.ts';
import type { SiteContext } from '../frame.ts';
import { buildLink, bytes } from '../parts.ts';
import { componentNames } from './components.ts';

/** Changes of one kind that are shown without being asked for: an upgrade to another distribution has them all. */
const mostChanges = 1000;

/** What a build brings to a machine that has the one before it, and what that costs. */
export function changesSection(context: SiteContext, path: string, build: SiteBuild): Content {
  const { update } = build;
  if (update === undefined) return undefined;
  const { download, layers, kept, packages, from } = update;
  return html`<p>From ${buildLink(context, path, from)}: <b>${bytes(download)}</b> to download of ${bytes(build.size)}; ${plural(layers.kept, 'layer')} of ${build.layers.length}, with ${bytes(kept)}, are there already.</p>
${packages === undefined ? unknownPackages(build, from) : packageTable(packages)}
${newLayers(build)}`;
}

function unknownPackages(build: SiteBuild, from: SiteBuild): Content {
  const reasons = [build, from].flatMap(({ packages }) => (packages.packages === undefined ? [packages.reason] : []));
  return html`<p class="none">Which packages have changed is not known: ${[...new Set(reasons)].join('; ')}.</p>`;
}

function packageTable({ added, removed, upgraded, downgraded }: SitePackageChanges): Content {
  const none = html`<td class="none">–</td>`;
  const row = (kind: string, name: string, from: string | undefined, to: string | undefined) =>
    html`<tr><th scope="row">${name}</th><td class="${kind}">${kind}</td>${from === undefined ? none : html`<td class="version">${from}</td>`}${to === undefined ? none : html`<td class="version">${to}</td>`}</tr>
`;
  const rows = [
    ...added.map(
      ({ name, version }) =>
        () =>
          row('added', name, undefined, version),
    ),
    ...removed.map(
      ({ name, version }) =>
        () =>
          row('removed', name, version, undefined),
    ),
    ...downgraded.map(
      ({ name, from, to }) =>
        () =>
          row('older', name, from, to),
    ),
    ...upgraded.map(
      ({ name, from, to }) =>
        () =>
          row('newer', name, from, to),
    ),
  ];
  if (rows.length === 0)
    return html`<p>No package has changed.</p>
`;
  return html`<div class="scroll" role="region" aria-label="Packages that have changed" tabindex="0"><table>
<thead><tr><th scope="col">Package</th><th scope="col">Change</th><th scope="col">Before</th><th scope="col">Now</th></tr></thead>
<tbody>
${rows.slice(0, mostChanges).map((make) => make())}</tbody></table></div>
${rows.length > mostChanges ? html`<p>and ${plural(rows.length - mostChanges, 'more package')}: <code>cosa diff</code> has them all.</p>` : undefined}`;
}

/** Layers of an update that are shown. */
const mostLayers = 100;

function newLayers({ layers }: SiteBuild): Content {
  const added = layers.filter(({ isNew }) => isNew).sort((a, b) => b.size - a.size);
  if (added.length === 0) return undefined;
  return html`<details><summary>${plural(added.length, 'new layer')}</summary>
<div class="scroll" role="region" aria-label="New layers" tabindex="0"><table>
<thead><tr><th scope="col" class="number">Size</th><th scope="col">What is in it</th></tr></thead>
<tbody>
${added.slice(0, mostLayers).map(
  ({ size, components }) => html`<tr><td class="number">${bytes(size)}</td><td>${componentNames(components)}</td></tr>
`,
)}</tbody></table></div></details>
`;
}
