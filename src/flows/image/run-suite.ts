import { join } from 'node:path';
import type { ArchitectureName } from '../../lib/architecture.ts';
import { CosaError } from '../../lib/errors.ts';
import type { TestCase, TestResult } from '../../oci/test-result.ts';
import { type Pipeline, runStep } from '../../progress/step.ts';
import type { Firmware } from '../../vm/firmware.ts';
import { ignitionConfig } from '../../vm/ignition.ts';
import { type Machine, startMachine } from '../../vm/machine.ts';
import { machineDirectory } from '../../vm/prepare.ts';
import { createSshKey, type SshKey } from '../../vm/ssh.ts';
import { createGuest, testUser } from '../../vm/suites/guest.ts';
import type { Selection } from '../../vm/suites/select.ts';

export interface SuiteSettings {
  /** The disk image. */
  disk: string;
  /** What it is for. */
  architecture: ArchitectureName;
  /** The ostree commit that the image holds. */
  commit: string;
  firmware: Firmware;
  /** MiB. */
  memory: number;
  cpus: number;
  /** Directory of the console logs, made if missing. */
  logDirectory: string;
}

/** What a suite found on one boot. */
export type SuiteOutcome = Pick<TestResult, 'accelerator' | 'started' | 'tests'> & {
  /** Path of all that the guest wrote to its console. */
  consoleLog: string;
};

/** The guest's disk is larger than the image by this, so that growing shows. */
const growBytes = 2 * 1024 ** 3;

/** What is to be expected, said before the wait: a first boot of the example with two processors, quiet or busy. */
const typicalBoot: Readonly<Record<Machine['accelerator'], string>> = {
  kvm: 'KVM',
  tcg: 'emulated: the boot takes 1 to 4 min',
};

/** How much of a log a stored result quotes, in characters. */
const maximumExcerpt = 16_000;

/** How many lines of the console say what went on while a test failed. */
const consoleLines = 15;

/**
 * Boots the disk once and runs the chosen tests on it, each as a step. A failed test is a result, and so is a guest
 * that does not come up: then `boot` is the only test of the outcome.
 * @throws CosaError what `startMachine` throws
 */
export async function runSuite(
  pipeline: Pipeline,
  selection: Selection,
  settings: SuiteSettings,
): Promise<SuiteOutcome> {
  const { suite } = selection;
  await using scratch = await machineDirectory();
  const key = await createSshKey(scratch.path);
  const started = new Date().toISOString();
  const consoleLog = join(settings.logDirectory, `${suite.name}-${settings.firmware}.console.log`);
  await using machine = await bootMachine(pipeline, selection, settings, key, consoleLog);
  const expected = { commit: settings.commit, firmware: settings.firmware, diskSize: machine.diskSize };
  const guest = createGuest(machine, key, expected, pipeline.signal);
  const boot = await runTest(pipeline, `${suite.name}.boot`, machine, () => guest.reachable());
  const tests = [boot];
  // Without ssh, every other test would fail for the one reason that is told already.
  for (const test of boot.status === 'passed' ? selection.tests : []) {
    tests.push(await runTest(pipeline, `${suite.name}.${test.name}`, machine, () => test.run(guest)));
  }
  return { accelerator: machine.accelerator, started, tests, consoleLog };
}

async function bootMachine(
  pipeline: Pipeline,
  { suite }: Selection,
  settings: SuiteSettings,
  key: SshKey,
  consoleLog: string,
): Promise<Machine> {
  const user = { name: testUser, sshKeys: [key.publicKey] };
  const { disk, architecture, firmware, memory, cpus } = settings;
  const ignition = ignitionConfig({ ...suite.provisioning, users: [user] });
  return runStep(pipeline, 'start machine', async (reporter) => {
    const machine = await startMachine(
      { disk, architecture, grow: growBytes, firmware, memory, cpus, ignition, consoleLog },
      reporter,
    );
    reporter.note(`${firmware}, ${typicalBoot[machine.accelerator]}`);
    return machine;
  });
}

/** Runs one test as a step: whatever it throws is its failure, unless the user has interrupted. */
async function runTest(
  pipeline: Pipeline,
  title: string,
  machine: Machine,
  body: () => Promise<void>,
): Promise<TestCase> {
  const name = title.slice(title.indexOf('.') + 1);
  const consoleFrom = machine.console.length;
  const begin = performance.now();
  const milliseconds = () => Math.round(performance.now() - begin);
  try {
    await runStep(pipeline, title, async (reporter) => {
      // A boot takes minutes where it is emulated: what the guest says shows that it is getting on.
      const unsubscribe = machine.console.onOutput(() => reporter.status(machine.console.lastLine));
      try {
        await body();
      } finally {
        unsubscribe();
      }
    });
    return { name, status: 'passed', milliseconds: milliseconds() };
  } catch (error) {
    pipeline.signal.throwIfAborted();
    return { name, status: 'failed', milliseconds: milliseconds(), log: excerpt(error, machine, consoleFrom) };
  }
}

/** Why a test failed, and what the console said meanwhile. */
function excerpt(error: unknown, machine: Machine, consoleFrom: number): string {
  const message = error instanceof Error ? error.message : String(error);
  const lines = machine.console.tail(consoleLines, consoleFrom);
  // An unreachable guest's message quotes the console already.
  const quoted = error instanceof CosaError && error.code === 'GUEST_UNREACHABLE' ? [] : lines;
  return [message, ...(quoted.length === 0 ? [] : ['console:', ...quoted])].join('\n').slice(0, maximumExcerpt);
}
