import { z } from 'zod';
import { prettyJson } from '../lib/canonical-json.ts';
import { type Digest, isDigest } from '../lib/digest.ts';
import { attachArtifact } from './artifact.ts';
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
  tests: z.array(testCase).min(1).max(10_000),
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
    content: Buffer.from(prettyJson(result)),
    annotations: {
      'org.opencontainers.image.created': result.started,
      'cosa.test.suite': result.suite,
      'cosa.test.status': hasPassed(result) ? 'passed' : 'failed',
    },
  });
}

/**
 * All results stored for a container, oldest first.
 * @throws CosaError `TEST_RESULT_INVALID` (exit 4), what the reader throws
 */
export async function readTestResults(reader: ContentReader, subject: Digest): Promise<TestResult[]> {
  const results: TestResult[] = [];
  for (const descriptor of await reader.referrers(subject, testResultType)) {
    const { layers } = await readManifest(reader, descriptor);
    const layer = layers[0];
    if (layer?.mediaType !== testResultType) continue;
    const text = (await readSmallBlob(reader, layer, maximumManifestBytes)).toString();
    const result = parse(testResult, text, `test result ${descriptor.digest}`, 'TEST_RESULT_INVALID');
    // A result that speaks of another container says nothing about this one.
    if (result.subject === subject) results.push(result);
  }
  return results.sort((a, b) => (a.started < b.started ? -1 : a.started > b.started ? 1 : 0));
}
