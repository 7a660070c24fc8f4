import type { DiskConfig } from '../../contract/image-config.ts';
import { prettyJson } from '../../lib/canonical-json.ts';
import type { DiskContainer } from './types.ts';

/** What a container says of itself, and what is deployed. */
export interface DeployedContainer {
  container: DiskContainer;
  config: DiskConfig;
  /** Checksum of the commit. */
  commit: string;
}

/** What a machine looks for updates at, as an origin has it: what the container says, or else where it was found. */
export function followed({ container, config }: Pick<DeployedContainer, 'container' | 'config'>): string | undefined {
  return config['container-imgref'] ?? container.followed;
}

/** Where the deployment came from, as ostree keeps it. */
export function originText({ container, config, commit }: DeployedContainer): string {
  const reference = followed({ container, config });
  const line = reference === undefined ? `refspec=${commit}` : `container-image-reference=${reference}`;
  return `[origin]\n${line}\ncontainer-image-digest=${container.digest}\n`;
}

/** `.coreos-aleph-version.json`: what the disk was made of, in the way of CoreOS tools. */
export function alephText({ container, config, commit }: DeployedContainer): string {
  const { version, digest } = container;
  return prettyJson({
    version,
    'ostree-commit': commit,
    container: { reference: followed({ container, config }), digest },
  });
}
