import { once } from 'node:events';
import { runStep } from '../../progress/step.ts';
import { type ListenAddress, startSiteServer } from '../../publish/site/server.ts';
import type { Session } from '../../workspace/session.ts';
import { openLiveSite } from './live.ts';
import { openPackageLists } from './package-lists.ts';
import { openSource, type SiteSourceOptions } from './source.ts';

export interface ServeOptions extends SiteSourceOptions {
  listen: ListenAddress;
}

/**
 * Serves the site of a place, as the place is at each moment, until the signal is aborted: that is the end of the work, and no
 * error. Says where it is to be found as soon as it is.
 * @returns that address
 * @throws CosaError what `openSource`, `openLiveSite` and `startSiteServer` throw
 */
export async function serveSite(session: Session, { listen, ...options }: ServeOptions): Promise<string> {
  const { signal, events } = session;
  await using source = await openSource(session, options);
  await using lists = openPackageLists(source.cache);
  const site = await runStep(session, 'read containers', () => openLiveSite(session, source, lists));
  try {
    await using server = await startSiteServer(listen, site.documents, (error) => {
      const message = error instanceof Error ? error.message : String(error);
      events({ type: 'warning', message: `a page cannot be made: ${message}`, hint: undefined });
    });
    events({ type: 'notice', message: `${server.url} – end with Ctrl-C` });
    if (!signal.aborted) await once(signal, 'abort');
    return server.url;
  } finally {
    await site.close();
  }
}
