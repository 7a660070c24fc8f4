// `cosa site build` of 500 builds: the pages of a model that has what real builds have, and a real layout of 500 small ones, first
// and again; how long a browser takes for a page with 2,000 builds. The goal for a site of 500 builds is 5 s.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSite } from '../src/flows/site/build.ts';
import { siteDocuments } from '../src/publish/site/site.ts';
import { writeSite } from '../src/publish/site/write.ts';
import { writeSettings } from '../src/workspace/work-directory.ts';
import { openPage, startBrowser } from '../test/helpers/browser.ts';
import { storeOsBuild } from '../test/helpers/os-build.ts';
import { silentSession } from '../test/helpers/session.ts';
import { manyBuilds, syntheticModel } from '../test/publish/site/synthetic-model.ts';
import { report, reportPeakMemory, timeAction } from './measure.ts';

const builds = 500;
const goal = { seconds: 5, goal: 1 };
const scratch = mkdtempSync(join(tmpdir(), 'cosa-bench-site-'));
const session = silentSession();
try {
  const model = syntheticModel(manyBuilds(builds));
  const pages = join(scratch, 'pages');
  const write = () => writeSite(pages, siteDocuments(model), session.signal);
  report(`pages of ${builds} builds with 64 layers and 280 packages each`, (await timeAction(write)).wall, goal);
  report('the same again', (await timeAction(write)).wall, goal);

  const work = join(scratch, 'work');
  await writeSettings(work, { config: { source: '/config' } });
  const packages = Object.fromEntries(Array.from({ length: 260 }, (_, index) => [`package-${index}`, '1.0-1']));
  for (let number = 0; number < builds; number++) {
    const changed = { ...packages, [`package-${number % 260}`]: `1.${number}-1` };
    await storeOsBuild(join(work, 'oci'), { version: `1.${number}`, packages: changed });
  }
  const site = () =>
    buildSite(session, { directory: work, output: join(scratch, 'site'), from: undefined, store: undefined });
  report(`site of a layout with ${builds} small builds, nothing cached`, (await timeAction(site)).wall, goal);
  report('the same again', (await timeAction(site)).wall, goal);
  reportPeakMemory(400);

  const many = join(scratch, 'many');
  await writeSite(many, siteDocuments(syntheticModel(manyBuilds(2000))), session.signal);
  const file = join(many, 'builds.html');
  const browser = await startBrowser();
  await using opened = await openPage(browser, pathToFileURL(file).href);
  const shown = await opened.page.evaluate<number>('performance.getEntriesByType("navigation")[0].domComplete');
  report(`until a browser has 2,000 builds on a page of ${Math.round(statSync(file).size / 1000)} kB`, shown / 1000, {
    seconds: 1,
    goal: 1,
  });
  await browser.close();
} finally {
  rmSync(scratch, { recursive: true });
}
