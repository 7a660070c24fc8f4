// The example, as `cosa ostree build` makes it from packages. Against mkosi, which makes an OCI image of the same packages,
// in turns, both with everything downloaded before. As root, with the program built.

import { existsSync, mkdtempSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { hostArchitecture } from '../src/lib/architecture.ts';
import { createRegistries } from '../src/oci/registry.ts';
import { createPipeline } from '../src/progress/step.ts';
import { openConfig } from '../src/workspace/open-config.ts';
import { packageRequest } from '../src/workspace/package-lock.ts';
import { openWorkDirectory } from '../src/workspace/work-directory.ts';
import { exampleWorkDirectory } from './example.ts';
import { least, type ProgramTime, reportBeside } from './measure.ts';
import { fetchMkosi, timeMkosi } from './mkosi.ts';

const rounds = 2;
const unwatched = createPipeline(() => undefined, new AbortController().signal);
const session = { ...unwatched, registries: createRegistries({}, { environment: {} }), stores: { environment: {} } };

await using example = await exampleWorkDirectory();
const { directory, work, cosa } = example;

/**
 * Forgets all results and keeps what was downloaded. Moved away: for half a minute ext4 does not give the numbers of removed
 * files to others, and looks for free ones among them again and again.
 */
function forget(): void {
  const old = mkdtempSync(join(directory, 'old-'));
  for (const name of ['oci', 'cache/roots', 'cache/initramfs', 'cache/layers']) {
    if (existsSync(join(work, name))) renameSync(join(work, name), join(old, name.replace('/', '-')));
  }
}

const opened = await openConfig(session, await openWorkDirectory(work), { architecture: hostArchitecture().name });
const request = packageRequest(opened.config, []);
const mkosi = await fetchMkosi(join(directory, 'mkosi'), request);
// The first fills its package cache.
await timeMkosi(mkosi, request.packages);
const times = { mkosi: [] as ProgramTime[], cosa: [] as ProgramTime[] };
for (let round = 0; round < rounds; round++) {
  times.mkosi.push(await timeMkosi(mkosi, request.packages));
  forget();
  const time = await cosa('ostree', 'build');
  times.cosa.push(time);
  if (round === 0) console.log(time.steps.map((step) => `           ${step}`).join('\n'));
}
reportBeside('packages -> container, beside mkosi', least(times.cosa), least(times.mkosi), {
  wall: 0.5,
  processor: 0.25,
});
