import { resolve } from 'node:path';
import { plural } from '../../lib/format.ts';
import { runStep } from '../../progress/step.ts';
import { siteDocuments } from '../../publish/site/site.ts';
import { type WrittenSite, writeSite } from '../../publish/site/write.ts';
import type { Session } from '../../workspace/session.ts';
import { gatherSite } from './gather.ts';
import { openPackageLists } from './package-lists.ts';
import { openSource, type SiteSourceOptions } from './source.ts';

export interface SiteBuildOptions extends SiteSourceOptions {
  /** Where the site goes. */
  output: string;
}

export interface BuiltSite extends WrittenSite {
  /** Absolute path. */
  directory: string;
  builds: number;
  streams: number;
}

/**
 * Makes a static website of the containers of a place. The same containers give the same files.
 * @throws CosaError what `openSource`, `gatherSite` and `writeSite` throw; the signal's reason
 */
export async function buildSite(session: Session, { output, ...options }: SiteBuildOptions): Promise<BuiltSite> {
  await using source = await openSource(session, options);
  await using lists = openPackageLists(source.cache);
  const model = await runStep(session, 'read containers', async (reporter) => {
    const gathered = await gatherSite(source, (image) => lists.get(source.reader, image), reporter);
    reporter.note(plural(gathered.builds.length, 'build'));
    return gathered;
  });
  const directory = resolve(options.directory, output);
  const written = await runStep(session, 'write pages', () =>
    writeSite(directory, siteDocuments(model), session.signal),
  );
  return { ...written, directory, builds: model.builds.length, streams: model.streams.length };
}
