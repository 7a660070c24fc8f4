import { chmod, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import type { RootStep } from '../context.ts';
import { hostPath, resolveInRoot } from '../root-path.ts';
import { buildMetadataComponent } from './os-release.ts';

/** Writes what must travel in the container: image.json, platforms.json, the manifest, the lockfile. */
export const embedFiles: RootStep = {
  title: 'embed the build description',
  async run(context) {
    const { root, request } = context;
    for (const [path, content] of request.embedded) {
      const host = await hostPath(root, path);
      await makeDirectory(dirname(host), 0o755);
      // Not written through a link or a hard link that is there.
      await rm(host, { force: true });
      await writeFile(host, content);
      await chmod(host, 0o644);
      context.generated.set(await resolveInRoot(root, path), buildMetadataComponent);
    }
  },
};
