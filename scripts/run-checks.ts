import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatDuration } from '../src/lib/format.ts';
import { type Count, countReport, type Outcome } from './count-report.ts';

/** Runs every check of the repository, and counts. A check that is no test suite counts as one. */

const reports = join('node_modules', '.cache', 'test-reports');

const provisioning = 'examples/debian-coreos/overlay.d/10provisioning/usr';

const checks: readonly { name: string; command: readonly string[] }[] = [
  { name: 'format and lint (biome)', command: ['biome', 'check', '.'] },
  { name: 'lint with types (eslint)', command: ['eslint', '.'] },
  { name: 'types (tsc)', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'import rules (depcruise)', command: ['depcruise', 'src', '--config', '.dependency-cruiser.cjs'] },
  { name: 'nothing unused (knip)', command: ['knip'] },
  {
    name: 'shell scripts (shellcheck)',
    command: [
      'shellcheck',
      ...['scripts/setup', 'scripts/demo', 'scripts/test', '.ci/run'],
      ...['bind-boot', 'ignition-firstboot-complete'].map((name) => `${provisioning}/libexec/debian-coreos/${name}`),
      `${provisioning}/lib/systemd/system-generators/coreos-boot-mount-generator`,
      ...['growroot', 'label-var', 'mount-var', 'transpose-root', 'unique-disk'].map(
        (name) => `${provisioning}/lib/dracut/modules.d/60coreos-provisioning/coreos-${name}.sh`,
      ),
      'examples/debian-coreos/overlay.d/15live/usr/bin/cosa-install',
      'examples/debian-coreos/overlay.d/30update/usr/bin/cosa-update',
      'examples/debian-coreos/overlay.d/30update/usr/libexec/cosa-merge-layers',
    ],
  },
];

/**
 * Suites, those that run side by side in one row. An emulated machine keeps one processor busy and a build rarely two, but two
 * machines are in each other's way.
 */
const suites = [['unit'], ['boot', 'integration']] as const;

async function main(): Promise<number> {
  const total: Count = { passed: 0, failed: 0 };
  const failures: string[] = [];
  const add = (name: string, outcome: Outcome) => {
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    if (outcome.failed > 0) failures.push(name, ...outcome.failures.map((failure) => `  ${failure}`));
  };
  for (const { name, command } of checks) add(name, await runCheck(name, command));
  for (const row of suites) {
    await Promise.all(row.map(async (suite) => add(`${suite} tests`, await runSuite(suite))));
  }
  // Again, and at the end: whoever reads a log that was cut off finds what failed.
  if (failures.length > 0) console.log(`\nFailed:\n${failures.join('\n')}\n`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
}

async function runCheck(name: string, command: readonly string[]): Promise<Outcome> {
  const ok = (await execute(name, command)) === 0;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, failures: [] };
}

async function runSuite(suite: string): Promise<Outcome> {
  mkdirSync(reports, { recursive: true });
  const file = join(reports, `${suite}.json`);
  rmSync(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const status = await execute(`${suite} tests (vitest)`, ['vitest', 'run', '--project', suite, ...reporters]);
  return countReport(existsSync(file) ? readFileSync(file, 'utf8') : undefined, status);
}

/** Runs a program of node_modules/.bin or the host, and says how it went. It does not draw on a terminal: two would. */
async function execute(name: string, [program = '', ...args]: readonly string[]): Promise<number> {
  console.log(`\n== ${name}`);
  const begin = performance.now();
  const path = `${join(process.cwd(), 'node_modules', '.bin')}:${process.env.PATH ?? ''}`;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, PATH: path } });
  child.stdout.pipe(process.stdout, { end: false });
  const code = await new Promise<number>((resolve) => {
    child.once('error', (error) => {
      console.log(`${program}: ${error.message}`);
      resolve(1);
    });
    child.once('close', (status) => resolve(status ?? 1));
  });
  console.log(`-- ${name}: ${code === 0 ? 'passed' : 'failed'} (${formatDuration(performance.now() - begin)})`);
  return code;
}

process.exitCode = await main();
