// `npm run build`: the program in dist/, and the licences of what is in it.

import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { bundleOutput, chunksOf, openBundle } from './bundle.ts';
import { thirdPartyNotices } from './third-party-notices.ts';

const dist = resolve(import.meta.dirname, '../dist');

await using bundle = await openBundle();
const chunks = chunksOf(await bundle.write({ ...bundleOutput, dir: dist, cleanDir: true }));
// What another language's interpreter runs lies beside the program, under its name.
const source = resolve(import.meta.dirname, '../src');
for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
  if (file.endsWith('.py')) copyFileSync(join(source, file), join(dist, basename(file)));
}
writeFileSync(join(dist, 'THIRD-PARTY-NOTICES.txt'), thirdPartyNotices(chunks.flatMap(({ moduleIds }) => moduleIds)));
