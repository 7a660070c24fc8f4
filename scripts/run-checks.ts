import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatDuration } from '../src/lib/format.ts';
import { type Count, countReport, type Outcome } from './count-report.ts';

/** Runs every check of the repository, one after the other, and counts. A check that is no test suite counts as one. */

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

/** Those of a suite run side by side. */
const suites: readonly { name: string; projects: readonly string[] }[] = [
  { name: 'unit tests', projects: ['unit'] },
  { name: 'integration and boot tests', projects: ['integration', 'boot'] },
];

function main(): number {
  const total: Count = { passed: 0, failed: 0 };
  const failures: string[] = [];
  const add = (name: string, outcome: Outcome) => {
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    if (outcome.failed > 0) failures.push(name, ...outcome.failures.map((failure) => `  ${failure}`));
  };
  for (const { name, command } of checks) add(name, runCheck(name, command));
  for (const { name, projects } of suites) add(name, runSuite(name, projects));
  // Again, and at the end: whoever reads a log that was cut off finds what failed.
  if (failures.length > 0) console.log(`\nFailed:\n${failures.join('\n')}\n`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
}

function runCheck(name: string, command: readonly string[]): Outcome {
  const ok = execute(name, command) === 0;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, failures: [] };
}

function runSuite(name: string, projects: readonly string[]): Outcome {
  mkdirSync(reports, { recursive: true });
  const file = join(reports, `${projects.join('-')}.json`);
  rmSync(file, { force: true });
  const chosen = projects.map((project) => `--project=${project}`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const status = execute(`${name} (vitest)`, ['vitest', 'run', ...chosen, ...reporters]);
  return countReport(existsSync(file) ? readFileSync(file, 'utf8') : undefined, status);
}

/** Runs a program of node_modules/.bin or the host with our terminal, and says how it went. */
function execute(name: string, [program = '', ...args]: readonly string[]): number {
  console.log(`\n== ${name}`);
  const begin = performance.now();
  const path = `${join(process.cwd(), 'node_modules', '.bin')}:${process.env.PATH ?? ''}`;
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', env: { ...process.env, PATH: path } });
  if (error !== undefined) console.log(`${program}: ${error.message}`);
  const code = status ?? 1;
  console.log(`-- ${name}: ${code === 0 ? 'passed' : 'failed'} (${formatDuration(performance.now() - begin)})`);
  return code;
}

process.exitCode = main();
