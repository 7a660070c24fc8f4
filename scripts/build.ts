// `npm run build`: the program in dist/, and the licences of what is in it.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleOutput, chunksOf, openBundle } from './bundle.ts';
import { thirdPartyNotices } from './third-party-notices.ts';

const dist = resolve(import.meta.dirname, '../dist');

await using bundle = await openBundle();
const chunks = chunksOf(await bundle.write({ ...bundleOutput, dir: dist, cleanDir: true }));
writeFileSync(join(dist, 'THIRD-PARTY-NOTICES.txt'), thirdPartyNotices(chunks.flatMap(({ moduleIds }) => moduleIds)));
