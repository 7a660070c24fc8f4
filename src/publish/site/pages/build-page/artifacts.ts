import { webAddress } from '../../markup/address.ts';
import { type Content, html, preformatted } from '../../markup/html.ts';
import type { SiteArtifact, SiteBuild, SiteFile } from '../../model.ts';
import { bytes } from '../parts.ts';

const origins = {
  directory: 'in the work directory',
  registry: 'in the registry, beside the container',
  store: 'published',
} as const;

/** The disk images of a build, with checksums, and how a machine gets to run each. */
export function artifactsSection({ artifacts }: SiteBuild): Content {
  if (artifacts.length === 0) return undefined;
  return artifacts.map(artifact);
}

function artifact({ platform, title, format, origin, files, start }: SiteArtifact): Content {
  return html`<h3>${platform} <span class="detail">${title === platform ? undefined : [title, ' · ']}${format}, ${origins[origin]}</span></h3>
<div class="scroll" role="region" aria-label="Files for ${platform}: ${format}, ${origins[origin]}" tabindex="0"><table>
<thead><tr><th scope="col">File</th><th scope="col" class="number">Size</th><th scope="col">SHA-256</th></tr></thead>
<tbody>
${files.map(fileRow)}</tbody></table></div>
${
  start.length === 0
    ? undefined
    : html`<details><summary>How to start it</summary>
<ol class="steps">${start.map(
        ({
          does,
          run,
        }) => html`<li><p>${withCode(does)}.</p>${run === undefined ? undefined : html`<pre tabindex="0">${preformatted(run)}</pre>`}</li>
`,
      )}</ol></details>
`
}`;
}

function fileRow({ name, size, sha256, location, signature }: SiteFile): Content {
  const address = location === undefined ? undefined : webAddress(location);
  const signed = signature === undefined ? undefined : html` <span class="detail">signed: ${signature}</span>`;
  return html`<tr><th scope="row">${address === undefined ? name : html`<a href="${address}">${name}</a>`}${signed}</th><td class="number">${bytes(size)}</td><td><code class="checksum">${sha256}</code></td></tr>
`;
}

/** Our own words, in which commands stand between backquotes. */
function withCode(text: string): Content {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}
