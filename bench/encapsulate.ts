// A finished ostree root becomes a container: against `tar | zstd | sha256sum` of the same tree, in turns. Each is a
// process of its own, start-up included.
// Usage: tsx bench/encapsulate.ts [ROOT]; without ROOT, of a synthetic tree.

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleOutput, openBundle } from '../scripts/bundle.ts';
import type { Encapsulated } from './encapsulate-once.ts';
import { least, type ProgramTime, reportBeside, reportPeakMemory, timeProgram } from './measure.ts';
import { addSmallFiles, makeSyntheticTree } from './synthetic-tree.ts';

const rounds = 4;
const addedFiles = 100_000;
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const root = join(directory, 'root');
const output = join(directory, 'output');
const built = join(directory, 'dist');

const floorCommand = 'tar -c -C "$1" . | zstd -3 -T2 | sha256sum';
const floor = () => timeProgram('sh', ['-c', floorCommand, 'sh', root]);
const build = () => timeProgram(process.execPath, [join(built, 'encapsulate-once.js'), root, output]);

function forget(): void {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output);
}

function lastBuild(): Encapsulated {
  return JSON.parse(readFileSync(join(output, 'encapsulated.json'), 'utf8')) as Encapsulated;
}

/** A file of middling size. */
function fileToChange(): string {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  const middling = paths.find((path) => {
    const stats = statSync(join(root, path), { throwIfNoEntry: false });
    return stats?.isFile() === true && stats.size > 20_000 && stats.size < 60_000;
  });
  if (middling === undefined) throw new Error(`${root} has no file of middling size`);
  return join(root, middling);
}

try {
  const given = process.argv[2];
  mkdirSync(root);
  if (given === undefined) makeSyntheticTree(root);
  else execFileSync('cp', ['--archive', `${given}/.`, root]);
  await using bundle = await openBundle({ 'encapsulate-once': join(import.meta.dirname, 'encapsulate-once.ts') });
  await bundle.write({ ...bundleOutput, dir: built });
  symlinkSync(resolve(import.meta.dirname, '../node_modules'), join(directory, 'node_modules'));

  await floor();
  const changed = fileToChange();
  const times: Record<'floor' | 'all' | 'changed' | 'same', ProgramTime[]> = {
    floor: [],
    all: [],
    changed: [],
    same: [],
  };
  let peak = 0;
  // In turns, so that whatever else the machine does falls on all.
  for (let round = 0; round < rounds; round++) {
    times.floor.push(await floor());
    forget();
    times.all.push(await build());
    peak = Math.max(peak, lastBuild().peakMemory);
    appendFileSync(changed, 'x');
    times.changed.push(await build());
    const { layers } = lastBuild().image;
    if (round === 0)
      console.log(
        `one package changed: ${layers.filter((layer) => layer.reused).length} of ${layers.length} layers reused`,
      );
    times.same.push(await build());
  }
  const all = least(times.all);
  reportBeside('root -> container : tar c | zstd -3 -T2 | sha256sum', all, least(times.floor), 1.3);
  reportBeside('one package changed : all', least(times.changed), all, 0.4);
  reportBeside('nothing changed : all', least(times.same), all, 0.4);
  reportPeakMemory(300, peak);

  addSmallFiles(root, addedFiles);
  forget();
  await build();
  const growth = ((lastBuild().peakMemory - peak) * 1024) / addedFiles;
  console.log(
    `${growth.toFixed(2).padStart(5)} KiB  more memory for each of ${addedFiles} small files (goal 1 KiB) ${growth <= 1 ? 'ok' : 'TOO MUCH'}`,
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
}
