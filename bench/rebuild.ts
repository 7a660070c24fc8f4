// One file of an overlay of the example changes, and its container is made again, and a disk of that: what a developer
// waits for. As root, with the program built.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exampleWorkDirectory } from './example.ts';
import { least, report } from './measure.ts';

const rounds = 4;

await using example = await exampleWorkDirectory();
const { config, cosa } = example;
await cosa('ostree', 'build');
await cosa('image', 'build', 'qemu');

const builds = [];
const disks = [];
for (let round = 0; round < rounds; round++) {
  writeFileSync(join(config, 'overlay.d/05core/etc/bench.conf'), `${round}\n`);
  builds.push(await cosa('ostree', 'build'));
  disks.push(await cosa('image', 'build', 'qemu'));
}
for (const [what, times, goal] of [
  ['one overlay file changed -> container', builds, 4],
  ['that container -> qcow2', disks, undefined],
] as const) {
  const best = least(times);
  report(what, best.wall, goal === undefined ? undefined : { seconds: goal, goal: 1 });
  console.log(`           processor ${best.processor.toFixed(2)} s`);
  const [fastest] = [...times].sort((a, b) => a.wall - b.wall);
  for (const step of fastest?.steps ?? []) console.log(`           ${step}`);
}
report('nothing changed', least([await cosa('ostree', 'build'), await cosa('ostree', 'build')]).wall, {
  seconds: 0.8,
  goal: 1,
});
