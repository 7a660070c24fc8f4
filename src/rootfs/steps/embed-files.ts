import { buildMetadataComponent } from '../../contract/labels.ts';
import { replaceInRoot } from '../../lib/root-files.ts';
import { resolveInRoot } from '../../lib/root-path.ts';
import type { RootStep } from '../context.ts';

/** Writes what must travel in the container: image.json, disk.json, platforms.json, the manifest, the lockfile. */
export const embedFiles: RootStep = {
  title: 'embed the build description',
  async run(context) {
    const { root, request } = context;
    for (const [path, content] of request.embedded) {
      // Not written through a link or a hard link that is there.
      await replaceInRoot(root, path, content);
      context.generated.set(await resolveInRoot(root, path), buildMetadataComponent);
    }
  },
};
