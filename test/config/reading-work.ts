import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// How much runs while configs of so many files are read, of ten packages each: a line for each of the arguments. The
// engine counts how often each function and each block of the source runs. Unlike a time, that is the same on every
// machine, busy or not. What it counts must be loaded when it is counting already.

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
const { loadTreefile } = await import('../../src/config/treefile.ts');

/** Of what has run since it was called last. */
async function executions(): Promise<number> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const ranges = result.flatMap(({ functions }) => functions).flatMap((one) => one.ranges);
  return ranges.reduce((sum, { count }) => sum + count, 0);
}

async function work(files: number): Promise<number> {
  const base = await mkdtemp(join(tmpdir(), 'cosa-config-'));
  try {
    const names = Array.from({ length: files }, (_, index) => `p${index}.yaml`);
    for (const [index, name] of names.entries()) {
      const packages = Array.from({ length: 10 }, (_, item) => `a${index}-${item}`);
      await writeFile(join(base, name), `packages: [${packages.join(', ')}]\n`);
    }
    await writeFile(
      join(base, 'manifest.yaml'),
      `metadata: {name: a}\nrepos: [debian]\ninclude: [${names.join(', ')}]\n`,
    );
    await writeFile(join(base, 'debian.sources'), 'Types: deb\n');
    await executions();
    const { treefile } = await loadTreefile(base, { basearch: 'x86_64' });
    if (treefile.packages.length !== files * 10) throw new Error(`${treefile.packages.length} packages were read`);
    return await executions();
  } finally {
    await rm(base, { recursive: true });
  }
}

for (const files of process.argv.slice(2)) console.log(await work(Number(files)));
