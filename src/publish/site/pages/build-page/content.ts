import { formatBytes, plural } from '../../../../lib/format.ts';
import { type Content, html } from '../../markup/html.ts';
import type { SiteBuild, SiteLayer, SitePackage } from '../../model.ts';
import { type TreemapLeaf, treemapPlot } from '../../plots/treemap.ts';
import { bytes } from '../parts.ts';
import { componentNames } from './components.ts';

/** Rectangles of a map: smaller ones are a few pixels, and share one. */
const mostRectangles = 90;
/** Layers in the table. */
const mostLayers = 500;
/** Packages in the table. */
const mostPackages = 5000;

/** What a build is made of: a map of its bytes, its layers, its packages. */
export function contentSection(build: SiteBuild): Content {
  const { layers, packages, size } = build;
  if (layers.length === 0) return undefined;
  const leaves = treemapLeaves(build);
  const [largest] = leaves;
  const summary = `Compressed bytes by package: ${leaves
    .slice(0, 5)
    .map(({ name, size: part }) => `${name} ${formatBytes(part)}`)
    .join(', ')}`;
  return html`${
    largest === undefined
      ? undefined
      : html`<figure><figcaption><p>${bytes(size)}, compressed, by package: each area is what the package adds to the container. Packages that share a layer share its bytes as their files do${build.update === undefined ? '.' : html`. <span class="key new">New</span> layers are what an update downloads; the others are <span class="key kept">kept</span>.`}</p></figcaption>
${treemapPlot(summary, leaves)}</figure>
`
  }
<details><summary>${plural(layers.length, 'layer')}</summary>
${layerTable(layers)}</details>
${
  packages.packages === undefined
    ? html`<p class="none">Its packages are not known: ${packages.reason}.</p>`
    : html`<details><summary>${plural(packages.packages.length, 'package')}</summary>
${packageTable(packages.packages)}</details>`
}
`;
}

/** Largest first, and at the end what is too small to be seen. */
function treemapLeaves({ layers, packages: { packages = [] } }: SiteBuild): TreemapLeaf[] {
  const fileSizes = new Map(packages.map(({ name, size }) => [name, size]));
  const leaves = layers
    .flatMap((layer) => layerParts(layer, fileSizes))
    .filter(({ size }) => size > 0)
    .sort((a, b) => b.size - a.size);
  const shown = leaves.slice(0, mostRectangles);
  const rest = leaves.slice(mostRectangles);
  if (rest.length === 0) return shown;
  const size = rest.reduce((sum, leaf) => sum + leaf.size, 0);
  const name = `${rest.length} smaller`;
  return [...shown, { name, size, label: `${name} parts: ${formatBytes(size)}`, isMarked: false }];
}

/** A layer's bytes, divided among what is in it as the package files are; what is none counts as the middle of the others. */
function layerParts({ size, components, isNew }: SiteLayer, fileSizes: ReadonlyMap<string, number>): TreemapLeaf[] {
  const leaf = (name: string, part: number): TreemapLeaf => ({
    name,
    size: part,
    label: `${name}: ${formatBytes(part)}${isNew ? ', new' : ''}`,
    isMarked: isNew,
  });
  if (components.length === 0) return [leaf('file system', size)];
  const known = components.flatMap((name) => fileSizes.get(name) ?? []);
  const middle = known.length === 0 ? 1 : known.reduce((sum, one) => sum + one, 0) / known.length;
  const weights = components.map((name) => fileSizes.get(name) ?? middle);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return components.map((name, index) => leaf(name, total === 0 ? 0 : (size * (weights[index] ?? 0)) / total));
}

function layerTable(layers: readonly SiteLayer[]): Content {
  const sorted = [...layers].sort((a, b) => b.size - a.size).slice(0, mostLayers);
  return html`<div class="scroll" role="region" aria-label="Layers" tabindex="0"><table>
<thead><tr><th scope="col" class="number">Size</th><th scope="col"><span class="hidden">Since the build before</span></th><th scope="col">What is in it</th></tr></thead>
<tbody>
${sorted.map(
  ({
    size,
    components,
    isNew,
  }) => html`<tr><td class="number">${bytes(size)}</td><td>${isNew ? 'new' : undefined}</td><td>${componentNames(components)}</td></tr>
`,
)}</tbody></table></div>
`;
}

function packageTable(packages: readonly SitePackage[]): Content {
  return html`<div class="scroll" role="region" aria-label="Packages" tabindex="0"><table>
<thead><tr><th scope="col">Package</th><th scope="col">Version</th><th scope="col" class="wide">Architecture</th><th scope="col" class="number">Package file</th></tr></thead>
<tbody>
${packages.slice(0, mostPackages).map(
  ({
    name,
    version,
    architecture,
    size,
  }) => html`<tr><th scope="row">${name}</th><td class="version">${version}</td><td class="wide">${architecture}</td><td class="number">${bytes(size)}</td></tr>
`,
)}</tbody></table></div>
`;
}
