import { resolve } from 'node:path';
import { plural } from '../../lib/format.ts';
import { runStep } from '../../progress/step.ts';
import { siteDocuments } from '../../publish/site/site.ts';
import { type WrittenSite, writeSite } from '../../publish/site/write.ts';
import type { Session } from '../../workspace/session.ts';
import { gatherSite } from './gather.ts';
import { openPackageLists } from './package-lists.ts';
import { findSource } from './source.ts';

export interface SiteBuildOptions {
  /** Where the command runs. */
  directory: string;
  /** Where the site goes. */
  output: string;
  /** What it is made of: a work directory or a place; the work directory that the command runs in unless given. */
  from: string | undefined;
}

export interface BuiltSite extends WrittenSite {
  /** Absolute path. */
  directory: string;
  builds: number;
  streams: number;
}

/**
 * Makes a static website of the containers of a place. The same containers give the same files.
 * @throws CosaError what `findSource`, `gatherSite` and `writeSite` throw; the signal's reason
 */
export async function buildSite(session: Session, { directory, output, from }: SiteBuildOptions): Promise<BuiltSite> {
  const source = await findSource(directory, from);
  const target = resolve(directory, output);
  const reader = await source.place.open(session.registries);
  await using lists = openPackageLists(source.cache);
  const model = await runStep(session, 'read containers', async (reporter) => {
    const gathered = await gatherSite(
      source,
      reader,
      { packages: (from, { image }) => lists.get(from, image), published: async () => [] },
      session.signal,
    );
    reporter.note(plural(gathered.builds.length, 'build'));
    return gathered;
  });
  const written = await runStep(session, 'write pages', () => writeSite(target, siteDocuments(model), session.signal));
  return { ...written, directory: target, builds: model.builds.length, streams: model.streams.length };
}
