import type { Json } from '../lib/canonical-json.ts';
import type { Config } from './load.ts';
import { overlayFingerprint } from './overlay.ts';

/**
 * Everything of a config that a build's result depends on, by content: no paths of this machine, no times, nothing
 * of a git. The lockfile is not part of it.
 */
export async function configFingerprint(config: Config): Promise<Json> {
  const overlays: Json[] = [];
  for (const overlay of config.overlays)
    overlays.push({ name: overlay.name, entries: await overlayFingerprint(overlay) });
  return {
    basearch: config.basearch,
    name: config.name,
    treefile: config.treefile as unknown as Json,
    image: config.image as unknown as Json,
    disk: config.disk as unknown as Json | undefined,
    platforms: config.platforms as unknown as Json,
    repositories: config.repositories.map(({ name, text, use }) => (use === 'all' ? [name, text] : [name, text, use])),
    overlays,
    addedFiles: [...config.addedFiles, ...config.liveFiles].map(({ path, mode, sha256 }) => [path, mode, sha256]),
    scripts: config.scripts.map(({ content }) => content),
    ...(config.finalizeScripts.length === 0
      ? {}
      : { finalizeScripts: config.finalizeScripts.map(({ name, sha256 }) => [name, sha256]) }),
    accountFiles: { ...config.accountFiles },
    lockOverrides: config.lockOverrides as unknown as Json,
  };
}
