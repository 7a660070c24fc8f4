import { mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { line, lines, type Showable, terminalText } from '../src/cli/render/shown.ts';
import { styleFor } from '../src/cli/render/style.ts';
import { table } from '../src/cli/render/table.ts';
import { hostArchitecture } from '../src/lib/architecture.ts';
import { formatBytes, formatDuration, plural } from '../src/lib/format.ts';
import { chooseAccelerator } from '../src/vm/accelerator.ts';
import { bootableArchitecture } from '../src/vm/bootable.ts';
import { machineDirectory } from '../src/vm/prepare.ts';
import { result, show, succeeds } from './demo-cosa.ts';

/** From the example config to a tested disk in demo/, with the commands that anybody would type. */

const stream = 'testing-devel';
const work = resolve('demo');
const config = resolve('examples', 'debian-coreos');
const style = styleFor(process.stdout, process.env);
const times: [command: string, duration: string][] = [];

interface Build {
  unchanged: boolean;
  version: string;
  digest: string;
  commit: string;
  layers: { total: number; new: number; reused: number };
  size: number;
  updateSize: number | null;
}

interface Disk {
  path: string;
  files: { size: number }[];
}

let stepNumber = 0;

/** What a step takes, with two processors and without KVM: measured on a quiet machine, and on a busy one. */
const typicalTimes: Readonly<Record<string, string>> = {
  init: '1 s',
  fetch: '10 s and a download of 243 MB',
  ostree: '1 to 3 min',
  image: '15 to 60 s',
  test: '1 to 5 min',
  promote: '1 s',
};

/** Says what comes next and how long that takes, and keeps how long it took. */
async function step<Result>(
  title: string,
  args: readonly string[],
  run: (directory: string, args: readonly string[]) => Promise<Result>,
): Promise<Result> {
  stepNumber += 1;
  const command = ['cosa', ...args].join(' ').replace(config, relative(work, config));
  const takes = typicalTimes[args[0] ?? ''];
  const heading = `${stepNumber}/6 ${title}`;
  const duration = style.dim(takes === undefined ? '' : `  takes ${takes}`);
  print('', line`${style.bold(heading)}${duration}`, style.dim(`$ ${command}`));
  const begin = performance.now();
  const value = await run(work, args);
  times.push([command, formatDuration(performance.now() - begin)]);
  return value;
}

/** A promotion that passes says that the tests have passed for this very container: no need to run them again. */
async function testAndPromote(build: Build): Promise<'passed' | 'passed before'> {
  const titles = ['Boot it and test it', 'Move the tag of the stream, for its tests have passed'] as const;
  if (build.unchanged && (await succeeds(work, ['promote', stream]))) {
    print('', line`${style.bold(`5/6 ${titles[0]}`)}  done before, for this very digest`);
    print('', line`${style.bold(`6/6 ${titles[1]}`)}  done before`);
    return 'passed before';
  }
  // Each reboot takes as long as the boot: where it is emulated, one boot is enough for a demo.
  const isEmulated = (await accelerator()) === 'tcg';
  const suites = isEmulated ? ['basic'] : ['basic', 'reboot'];
  await step(titles[0], ['test', ...suites], show);
  if (isEmulated) print(style.dim('left out, as KVM does not work here: cosa test reboot, which boots it twice more'));
  await step(titles[1], ['promote', stream], show);
  return 'passed';
}

/** How machines run here: what `cosa test` will find out, too. */
async function accelerator(): Promise<'kvm' | 'tcg'> {
  await using scratch = await machineDirectory();
  return (
    await chooseAccelerator(bootableArchitecture(hostArchitecture().name), scratch.path, new AbortController().signal)
  ).accelerator;
}

/** The parts below each other. */
function print(...parts: readonly Showable[]): void {
  console.log(terminalText(lines(parts)));
}

function printSummary(build: Build, disk: Disk, tests: string, total: number): void {
  const path = relative(process.cwd(), disk.path);
  const update =
    build.updateSize === null || build.unchanged ? '' : `; an update downloads ${formatBytes(build.updateSize)}`;
  const made = build.unchanged ? '' : `, ${build.layers.new} new`;
  const facts: [name: string, value: Showable][] = [
    ['version', style.bold(build.version)],
    ['digest', build.digest],
    ['commit', build.commit],
    ['layers', `${plural(build.layers.total, 'layer')}${made}; ${formatBytes(build.size)}${update}`],
    ['tags', `${build.version}, ${stream}-candidate, ${stream}`],
    ['tests', `basic: ${tests}`],
    ['disk', `${path}, ${formatBytes(disk.files.reduce((sum, { size }) => sum + size, 0))}`],
  ];
  const title = build.unchanged
    ? `Nothing has changed: Debian CoreOS ${build.version} is up to date`
    : `Debian CoreOS ${build.version} is built, tested and promoted to ${stream}`;
  const ran = times.map(([command, duration]): [string, string] => [`  ${command}`, duration]);
  print('', style.green(style.bold(title)), table(facts.map(([name, value]) => [style.dim(`  ${name}`), value])));
  print('', style.bold(`Time: ${formatDuration(total)}`), table(ran, [1]));
  const next = nextCommands().map(([command, does]) =>
    does === '' ? line`  ${command}` : line`  ${command.padEnd(42)}  ${style.dim(does)}`,
  );
  print('', style.bold('Next'), ...next);
}

function nextCommands(): [command: string, does: string][] {
  const program = relative(work, join('bin', 'cosa'));
  return [
    ['cd demo', ''],
    [`${program} run`, 'boot it, with its console here'],
    [`${program} test reboot deploy`, 'boot it twice, and into an update'],
    [`${program} image build all`, 'disks for every cloud, hypervisor and bare metal'],
    [`${program} inspect ${stream}`, 'labels, layers, test results'],
    [`${program} list`, 'every build and tag'],
    ['mkdir -p overrides/rootfs/etc && date > overrides/rootfs/etc/hello', ''],
    [`${program} ostree build`, 'the next version, with that file'],
    [`${program} diff ${stream} ${stream}-candidate`, ''],
    ['npm run demo', 'in the checkout: goes on from there'],
  ];
}

async function main(): Promise<void> {
  const begin = performance.now();
  mkdirSync(work, { recursive: true });
  await step('Make a work directory for the example config', ['init', '--force', '--stream', stream, config], show);
  await step('Choose and download the packages', ['fetch'], show);
  const build = await step('Build the operating system as a container', ['ostree', 'build'], result<Build>);
  const [disk] = await step('Make a disk image from that container alone', ['image', 'build', 'qemu'], result<Disk[]>);
  if (disk === undefined) throw new Error('image build gave no image');
  const tests = await testAndPromote(build);
  printSummary(build, disk, tests, performance.now() - begin);
}

await main();
