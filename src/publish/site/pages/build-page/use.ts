import { type Content, html, preformatted } from '../../markup/html.ts';
import type { SiteBuild, SiteModel } from '../../model.ts';

/** How a machine, or whoever wants to look at it, gets the container; nothing where it lies in no registry. */
export function useSection({ repository }: Pick<SiteModel, 'repository'>, { digest, artifacts }: SiteBuild): Content {
  if (repository === undefined) return undefined;
  const reference = `${repository.slice(repository.indexOf('//') + 2)}@${digest}`;
  const steps: readonly (readonly [string, string])[] = [
    ['A machine that runs an older build moves to this one', `sudo bootc switch ${reference}`],
    ['Look inside', `podman run --rm -it ${reference} bash`],
    ['Compare it with another', `cosa diff TAG ${repository}@${digest}`],
    ...(artifacts.length === 0
      ? [['Make a disk image of it', `cosa image build qemu --from ${repository}@${digest}`] as const]
      : []),
  ];
  return html`<dl class="use">${steps.map(
    ([does, run]) => html`<dt>${does}</dt><dd><pre tabindex="0">${preformatted(run)}</pre></dd>
`,
  )}</dl>
`;
}
