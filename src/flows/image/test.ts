import { join, resolve } from 'node:path';
import type { ArchitectureName } from '../../lib/architecture.ts';
import type { Place } from '../../oci/place.ts';
import { attachBundle, makeBundle } from '../../oci/signatures/bundle.ts';
import { readSigningKeyFile } from '../../oci/signatures/key-files.ts';
import type { SigningKey } from '../../oci/signatures/keys.ts';
import { attachTestResult, hasPassed, type TestResult } from '../../oci/test-result.ts';
import type { Descriptor } from '../../oci/types.ts';
import { runStep } from '../../progress/step.ts';
import { bootableArchitecture } from '../../vm/bootable.ts';
import { type Firmware, firmwareFor } from '../../vm/firmware.ts';
import { selectTests } from '../../vm/suites/select.ts';
import { suites } from '../../vm/suites.ts';
import { resolveAdmittedImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { makeImages } from './build.ts';
import { runSuite } from './run-suite.ts';

export interface TestOptions {
  /** Where the command runs: in a work directory, or anywhere with `from`. */
  directory: string;
  /** Suites or tests, see {@link selectTests}. */
  patterns: readonly string[];
  /** Reference of the container; the newest build unless given. */
  from?: string | undefined;
  /** Of an index with several; this machine's unless given. */
  architecture?: ArchitectureName | undefined;
  /** What the architecture's machines usually have, unless given. */
  firmware?: Firmware | undefined;
  /** MiB. */
  memory: number;
  cpus: number;
  /** Where `tests/VERSION/` with the logs lies; in the work directory unless given. */
  logs?: string | undefined;
  /** Signs each result; nothing does unless given. */
  signing?: { key: string; passphrase: () => Promise<string> } | undefined;
}

export interface SuiteReport {
  result: TestResult;
  /** Path of all that the guest wrote to its console. */
  consoleLog: string;
}

export interface TestReport {
  version: string;
  passed: boolean;
  /** One for each suite of which tests were chosen. */
  suites: readonly SuiteReport[];
}

/**
 * Boots a container's disk image, which is made if it is not there, and runs tests on it. Each suite's result is stored
 * beside the container as a referrer; console logs go to `tests/VERSION/`. Must run as
 * root or namespace root, as image builds do.
 * @throws CosaError `TEST_UNKNOWN` (exit 2), what `readSigningKeyFile`, `makeImages` and `runSuite` throw; failed tests are a result
 */
export async function runTests(session: Session, options: TestOptions): Promise<TestReport> {
  const selections = selectTests(suites, options.patterns);
  // Before the boots: after them, a wrong passphrase would cost their results.
  const key = options.signing === undefined ? undefined : await readSigningKeyFile(options.directory, options.signing);
  const admitted = await resolveAdmittedImage(session, options.directory, options.from, options.architecture);
  const { work, reference, image } = admitted;
  const { container, images } = await makeImages(session, admitted, { platforms: ['qemu'] });
  const disk = images[0];
  if (disk === undefined) throw new Error('no disk image was made for a platform that was asked for');
  const { version, architecture } = container;
  const firmware = firmwareFor(bootableArchitecture(architecture), options.firmware);
  const reports: SuiteReport[] = [];
  for (const selection of selections) {
    const { consoleLog, ...found } = await runSuite(session, selection, {
      disk: disk.path,
      architecture,
      commit: disk.record.container['ostree-commit'],
      firmware,
      memory: options.memory,
      cpus: options.cpus,
      logDirectory: logDirectory(options, work.root, version),
    });
    const result: TestResult = {
      schemaVersion: 1,
      subject: image.descriptor.digest,
      suite: selection.suite.name,
      complete: selection.complete,
      firmware,
      ...found,
    };
    await storeResult(session, reference.place, image.descriptor, result, key);
    reports.push({ result, consoleLog });
  }
  return { version, passed: reports.every(({ result }) => hasPassed(result)), suites: reports };
}

/**
 * Where the logs of a version's tests go.
 * @param root of the work directory
 * @returns absolute path
 */
export function logDirectory(
  { directory, logs }: Pick<TestOptions, 'directory' | 'logs'>,
  root: string,
  version: string,
): string {
  return join(logs === undefined ? root : resolve(directory, logs), 'tests', version);
}

async function storeResult(
  session: Session,
  place: Place,
  subject: Descriptor,
  result: TestResult,
  key: SigningKey | undefined,
): Promise<void> {
  await runStep(session, 'store test result', async (reporter) => {
    await using store = await place.openForWriting(session.registries);
    const stored = await attachTestResult(store, subject, result);
    if (key !== undefined) await attachBundle(store, stored, makeBundle(key, stored.digest));
    reporter.note(key === undefined ? stored.digest : `${stored.digest}, signed`);
  });
}
