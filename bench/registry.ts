// A container goes to a registry and comes from it: against `skopeo copy`, in turns, each with a registry of its own on
// this machine (Debian's docker-registry) and with everything in the page cache.
// Usage: tsx bench/registry.ts [SHAPE]; SHAPE is the begin of a name in transfer-images.ts, all are measured without.
// With the program built: whole processes are measured.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDockerRegistry } from '../test/helpers/docker-registry.ts';
import { least, type ProgramTime, peakMemoryOf, reportBeside, reportPeakMemory, timeProgram } from './measure.ts';
import { type Shape, shapes, storeShape } from './transfer-images.ts';

const rounds = 5;
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const work = join(directory, 'work');
const layout = join(work, 'oci');
/** What makes a directory a work directory. */
const settings = JSON.stringify({ config: { source: '/config' } });
const program = fileURLToPath(new URL('../bin/cosa', import.meta.url));

interface Side {
  push(host: string, tag: string): Promise<ProgramTime>;
  pull(host: string, to: string): Promise<ProgramTime>;
}

const cosa: Side = {
  push: (host, tag) => timeProgram(program, ['push', `docker://${host}/os:testing`, '--from', tag, '--quiet'], work),
  pull: (host, to) => timeProgram(program, ['pull', `docker://${host}/os:testing`, '--quiet'], to),
};

const skopeo: Side = {
  push: (host, tag) =>
    timeProgram('skopeo', ['copy', '--dest-tls-verify=false', `oci:${layout}:${tag}`, `docker://${host}/os:testing`]),
  pull: (host, to) =>
    timeProgram('skopeo', ['copy', '--src-tls-verify=false', `docker://${host}/os:testing`, `oci:${to}/oci:testing`]),
};

/** What is done, in this order, and how long we may take of what skopeo takes. */
const goals = {
  'first push': 0.8,
  'push with nothing to do': 1,
  'push with three new layers': 0.6,
  'first pull': 1,
  'pull with nothing to do': 1,
} as const;
type Step = keyof typeof goals;
const steps = Object.keys(goals) as Step[];

/** All steps once, against an empty registry. */
async function measure(side: Side): Promise<Record<Step, ProgramTime>> {
  await using registry = await startDockerRegistry();
  const { host } = registry;
  const target = join(directory, 'target');
  mkdirSync(target);
  writeFileSync(join(target, 'cosa.json'), settings);
  const times = {
    'first push': await side.push(host, 'first'),
    'push with nothing to do': await side.push(host, 'first'),
    'push with three new layers': await side.push(host, 'next'),
    'first pull': await side.pull(host, target),
    'pull with nothing to do': await side.pull(host, target),
  };
  rmSync(target, { recursive: true });
  return times;
}

/** The most memory that a push and a pull took, in MiB. */
async function peakMemory(): Promise<number> {
  await using registry = await startDockerRegistry();
  const target = join(directory, 'target');
  mkdirSync(target);
  writeFileSync(join(target, 'cosa.json'), settings);
  const place = `docker://${registry.host}/os:testing`;
  const peak = await peakMemoryOf(program, [
    { args: ['push', place, '--from', 'first', '--quiet'], cwd: work },
    { args: ['pull', place, '--quiet'], cwd: target },
  ]);
  rmSync(target, { recursive: true });
  return peak;
}

async function measureShape(shape: Shape): Promise<void> {
  mkdirSync(work);
  writeFileSync(join(work, 'cosa.json'), settings);
  await storeShape(layout, shape);
  const ours: Record<Step, ProgramTime>[] = [];
  const theirs: Record<Step, ProgramTime>[] = [];
  for (let round = 0; round < rounds; round++) {
    // In turns: what else the machine does befalls both.
    theirs.push(await measure(skopeo));
    ours.push(await measure(cosa));
  }
  console.log(`${shape.name}:`);
  for (const step of steps) {
    // Of an image that has only three it would be another first push.
    if (step === 'push with three new layers' && shape.layers.length <= 3) continue;
    const timesOf = (all: typeof ours) => least(all.map((times) => times[step]));
    reportBeside(`cosa : skopeo, ${step}`, timesOf(ours), timesOf(theirs), goals[step]);
  }
  reportPeakMemory(300, await peakMemory());
  rmSync(work, { recursive: true });
}

/** What is ours whatever there is to do. */
async function measureStartUp(): Promise<void> {
  const ours: ProgramTime[] = [];
  const theirs: ProgramTime[] = [];
  for (let round = 0; round < rounds; round++) {
    theirs.push(await timeProgram('skopeo', ['--version']));
    ours.push(await timeProgram(program, ['--version']));
  }
  const [our, their] = [least(ours), least(theirs)];
  console.log(`start-up alone: cosa ${our.wall.toFixed(2)} s, skopeo ${their.wall.toFixed(2)} s`);
}

try {
  const wanted = process.argv[2] ?? '';
  await measureStartUp();
  for (const shape of shapes) if (shape.name.startsWith(wanted)) await measureShape(shape);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
