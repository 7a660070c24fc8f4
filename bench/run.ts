// `npm run bench`: every speed that the project claims, each beside a floor or a peer measured in the same run.
// Usage: npm run bench [-- NAME…]

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** One file each, run on its own: a benchmark's memory is then its own. */
const benchmarks = [
  'compress',
  'encapsulate',
  'image',
  'formats',
  'live-filesystem',
  'live',
  'build',
  'rebuild',
  'rpm-build',
  'registry',
  'image-transfer',
  'publish',
  'layer-plan',
  'ext4',
  'site',
  'startup',
  'config-show',
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !benchmarks.includes(name));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${benchmarks.join(', ')}`);
  process.exit(2);
}
for (const name of wanted.length > 0 ? wanted : benchmarks) {
  console.log(`${name}:`);
  const file = join(import.meta.dirname, `${name}.ts`);
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', file], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
