// What bench/encapsulate.ts runs, bundled as the program is: makes a container of a root once, and writes what it was.
// Usage: node encapsulate-once.js ROOT OUTPUT

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EncapsulatedImage } from '../src/ostree/encapsulate/types.ts';
import { encapsulateRoot } from './encapsulate-root.ts';
import { peakMemory } from './measure.ts';

/** What was made, for whoever runs this and for the next run. */
export interface Encapsulated {
  image: EncapsulatedImage;
  /** In MiB. */
  peakMemory: number;
}

const [root = '', output = ''] = process.argv.slice(2);
const file = join(output, 'encapsulated.json');
const previous = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Encapsulated).image : undefined;
const image = await encapsulateRoot(root, output, previous);
writeFileSync(file, JSON.stringify({ image, peakMemory: peakMemory() } satisfies Encapsulated));
