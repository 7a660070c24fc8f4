import { type Changelogs, changelogsMediaType, changelogsText } from '../../../contract/changelogs.ts';
import { labelNames } from '../../../contract/labels.ts';
import { attachArtifact } from '../../../oci/artifact.ts';
import type { Image } from '../../../oci/image.ts';
import type { LocalStore } from '../../../oci/store.ts';

/**
 * Stores beside a container what its packages say of their latest changes: for a comparison with an earlier one, and no
 * host that runs it downloads it.
 */
export async function attachChangelogs(
  store: LocalStore,
  { descriptor, config }: Pick<Image, 'descriptor' | 'config'>,
  changelogs: Changelogs,
): Promise<void> {
  await attachArtifact(store, descriptor, {
    artifactType: changelogsMediaType,
    title: 'changelogs.json',
    content: Buffer.from(changelogsText(changelogs)),
    annotations: config.created === undefined ? {} : { [labelNames.created]: config.created },
  });
}
