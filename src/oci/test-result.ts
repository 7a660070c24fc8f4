import { z } from 'zod';
import { labelNames } from '../contract/labels.ts';
import { prettyJson } from '../lib/canonical-json.ts';
import { type Digest, isDigest } from '../lib/digest.ts';
import { verificationError } from '../lib/errors.ts';
import { mapParallel } from '../lib/parallel.ts';
import { attachArtifact } from './artifact.ts';
import { attempt } from './attempt.ts';
import { readManifest } from './image.ts';
import { maximumManifestBytes, parse } from './schemas.ts';
import type { ContentReader, ContentWriter } from './store.ts';
import type { Descriptor } from './types.ts';
import { readSmallBlob } from './verified.ts';

/** The artifact type of a test result that is a referrer of the container it was made of. */
const testResultType = 'application/vnd.cosa.test-result.v1+json';

const status = z.enum(['passed', 'failed']);

const testCase = z.object({
  /** Unique in the suite: `ssh`, `reboot`. */
  name: z.string().min(1),
  status,
  milliseconds: z.number().nonnegative(),
  /** An excerpt of the log that shows why it failed. */
  log: z
    .string()
    .max(64 * 1024)
    .optional(),
});

const testResult = z.object({
  schemaVersion: z.literal(1),
  /** Digest of the container's manifest that was tested. */
  subject: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), { error: 'expected a digest' }),
  /** The set of tests: `basic`. */
  suite: z.string().min(1),
  /** True if every test of the suite was run: only then does the result stand for the suite. */
  complete: z.boolean(),
  firmware: z.enum(['bios', 'uefi', 'uefi-secure']),
  accelerator: z.enum(['kvm', 'tcg']),
  /** When the run began: RFC 3339, UTC. */
  started: z.iso.datetime(),
  tests: z
    .array(testCase)
    .min(1)
    .max(10_000)
    // Of two that contradict each other, one would be believed.
    .refine((tests) => new Set(tests.map(({ name }) => name)).size === tests.length, {
      error: 'a test is there twice',
    }),
});

/** What a run of tests on a container found: a JSON document with `schemaVersion` 1. */
export type TestResult = z.infer<typeof testResult>;
export type TestCase = z.infer<typeof testCase>;

/** True if every test that was run has passed. */
export function hasPassed(result: TestResult): boolean {
  return result.tests.every((test) => test.status === 'passed');
}

/**
 * Stores a result beside the container as a referrer.
 * @returns the artifact manifest's descriptor
 */
export async function attachTestResult(
  store: ContentWriter,
  subject: Descriptor,
  result: TestResult,
): Promise<Descriptor> {
  return attachArtifact(store, subject, {
    artifactType: testResultType,
    title: 'test-result.json',
    content: Buffer.from(prettyJson(result)),
    annotations: {
      [labelNames.created]: result.started,
      'cosa.test.suite': result.suite,
      'cosa.test.status': hasPassed(result) ? 'passed' : 'failed',
    },
  });
}

/** A result and the artifact manifest that holds it. */
export interface StoredTestResult {
  digest: Digest;
  result: TestResult;
}

/** A result that does not count, and why. */
export interface UnusableTestResult {
  digest: Digest;
  reason: string;
}

/** Clocks differ by this, in milliseconds, on machines that nobody would call wrong. */
const clockTolerance = 10 * 60 * 1000;
/** No more are read: anybody who may write to the place could make every look at a container endless. */
const maximumResults = 1000;
/** Most of the time goes by waiting for a registry. */
const readsAtOnce = 8;

/**
 * All results stored for a container, oldest first; of those that began at the same time, failed ones last. What is no
 * result, or says that it began in the future, where nothing could ever be newer, does not count.
 * @param now milliseconds since the epoch
 * @throws CosaError what the place itself fails at, as opposed to what it holds
 */
export async function readTestResults(
  reader: ContentReader,
  subject: Digest,
  now: number,
): Promise<{ results: StoredTestResult[]; unusable: UnusableTestResult[] }> {
  const results: StoredTestResult[] = [];
  const unusable: UnusableTestResult[] = [];
  const stored = await reader.referrers(subject, testResultType);
  // The newest come last.
  const referrers = stored.slice(-maximumResults);
  if (stored.length > referrers.length) {
    const reason = `${stored.length - referrers.length} older test results are not read: at most ${maximumResults} are`;
    unusable.push({ digest: subject, reason });
  }
  const found = await mapParallel(
    referrers,
    async (referrer) => ({ digest: referrer.digest, ...(await attempt(() => readResult(reader, referrer, now))) }),
    readsAtOnce,
  );
  for (const { digest, value, reason } of found) {
    if (reason !== undefined) unusable.push({ digest, reason });
    // A result that speaks of another container says nothing about this one.
    else if (value?.subject === subject) results.push({ digest, result: value });
  }
  return { results: results.sort((a, b) => order(a.result, b.result)), unusable };
}

async function readResult(reader: ContentReader, descriptor: Descriptor, now: number): Promise<TestResult | undefined> {
  const { layers } = await readManifest(reader, descriptor);
  const layer = layers[0];
  if (layer?.mediaType !== testResultType) return undefined;
  const text = (await readSmallBlob(reader, layer, maximumManifestBytes)).toString();
  const result = parse(testResult, text, `test result ${descriptor.digest}`, 'TEST_RESULT_INVALID');
  const ahead = Date.parse(result.started) - now;
  if (ahead <= clockTolerance) return result;
  throw verificationError(
    'TEST_RESULT_INVALID',
    `test result ${descriptor.digest} says that its run began in the future: ${result.started}`,
  );
}

/** By time, not by text: the same moment may be written with or without fractions of a second. */
function order(a: TestResult, b: TestResult): number {
  return Date.parse(a.started) - Date.parse(b.started) || Number(hasPassed(b)) - Number(hasPassed(a));
}
