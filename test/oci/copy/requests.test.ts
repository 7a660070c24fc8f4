import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attachArtifact } from '../../../src/oci/artifact.ts';
import type { CopyExtent } from '../../../src/oci/copy/plan.ts';
import { copyContent } from '../../../src/oci/copy.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { openReference } from '../../../src/oci/open.ts';
import { createRegistries } from '../../../src/oci/registry.ts';
import type { LocalStore } from '../../../src/oci/store.ts';
import type { Descriptor } from '../../../src/oci/types.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { storeImage } from '../../helpers/image.ts';
import { placeOf } from '../../helpers/place.ts';
import type { LoggedRequest } from '../../helpers/testing-registry/log.ts';
import { startTestingRegistry, type TestingRegistry } from '../../helpers/testing-registry.ts';

const repository = 'os/example';
let base: string;
let registry: TestingRegistry & AsyncDisposable;
let store: LocalStore & AsyncDisposable;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-requests-'));
  registry = await startTestingRegistry();
  store = await openLayoutForWriting(join(base, 'oci'));
});

afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await rm(base, { recursive: true, force: true });
});

/** An image of twelve layers, of which these are other ones than usual, with a document that refers to it; tagged. */
async function storeBuild(version: string, changed: readonly number[] = []): Promise<Descriptor> {
  const layers = Array.from({ length: 12 }, (_, index) =>
    Buffer.from(changed.includes(index) ? `${index} of ${version}` : String(index)),
  );
  const image = await storeImage(store, layers, { 'org.opencontainers.image.version': version });
  await attachArtifact(store, image, { artifactType: 'application/test', content: Buffer.from(version) });
  await store.setTags([version], image);
  return image;
}

/** One command: nothing that an earlier one has learned about the registry. @returns its requests, as {@link kindOf} has them */
async function copy(from: string, destination: string, tags: readonly string[], extent: CopyExtent): Promise<string[]> {
  registry.log.length = 0;
  await using registries = createRegistries({}, { environment: {} });
  const source = await openReference(from, base, registries);
  const to = placeOf(destination);
  await using target = await to.openForWriting(registries);
  await copyContent({ from: source, to: { place: to, reader: target }, tags, extent }, target, silentReporter());
  return registry.log.map(kindOf);
}

const push = (tag: string) =>
  copy(`oci:${base}/oci:${tag}`, `docker://${registry.host}/${repository}`, [tag, 'testing'], 'referrers');
const pull = () =>
  copy(`docker://${registry.host}/${repository}:testing`, `oci:${base}/pulled`, ['testing'], 'everything');

/** `PUT manifests/DIGEST`, `PUT blobs/uploads/SESSION`: what is asked, not what about. */
function kindOf({ method, path }: LoggedRequest): string {
  const part = path.replace(`/v2/${repository}/`, '').replace(/sha256[:-][0-9a-f]{64}/, 'DIGEST');
  return `${method} ${part.replace(/uploads\/.+/, 'uploads/SESSION')}`;
}

/** How often each kind of request was sent, in the order in which the kinds begin. */
function counted(requests: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const request of requests) counts[request] = (counts[request] ?? 0) + 1;
  return counts;
}

describe('requests of a push', () => {
  it('of what is there: whether the tags point to it, and what refers to it', async () => {
    await storeBuild('1');
    await push('1');
    expect(await push('1')).toEqual(['GET /v2/', 'HEAD manifests/1', 'HEAD manifests/testing', 'GET referrers/DIGEST']);
  });

  it('of a build with three new layers: none for the layers that the build before has', async () => {
    await storeBuild('1');
    await push('1');
    await storeBuild('2', [3, 4, 5]);
    // The referrer's document is new as well, and its config, which is always the same, is looked for.
    expect(counted(await push('2'))).toEqual({
      'GET /v2/': 1,
      'HEAD manifests/2': 3,
      'HEAD manifests/testing': 1,
      'GET manifests/DIGEST': 1,
      'GET referrers/DIGEST': 1,
      'HEAD manifests/DIGEST': 2,
      'HEAD blobs/DIGEST': 5,
      'POST blobs/uploads/': 4,
      'PUT blobs/uploads/SESSION': 4,
      'PUT manifests/DIGEST': 2,
      'PUT manifests/2': 1,
      'PUT manifests/testing': 1,
    });
  });

  it('to an empty repository: each blob is asked for once', async () => {
    await storeBuild('1');
    expect(counted(await push('1'))).toMatchObject({
      'HEAD blobs/DIGEST': 14,
      'POST blobs/uploads/': 14,
      'PUT blobs/uploads/SESSION': 14,
    });
  });
});

describe('requests of a pull', () => {
  // The referrer may have referrers in turn.
  const questions = {
    'GET /v2/': 1,
    'HEAD manifests/testing': 1,
    'GET referrers/DIGEST': 2,
    'HEAD manifests/DIGEST.sig': 1,
    'HEAD manifests/DIGEST.att': 1,
    'HEAD manifests/DIGEST.sbom': 1,
  };

  it('into an empty layout: each manifest and each blob once', async () => {
    await storeBuild('1');
    await push('1');
    expect(counted(await pull())).toEqual({ ...questions, 'GET manifests/DIGEST': 2, 'GET blobs/DIGEST': 14 });
  });

  it('of what is there: no blob, and nothing of the referrers that are there', async () => {
    await storeBuild('1');
    await push('1');
    await pull();
    expect(counted(await pull())).toEqual({ ...questions, 'GET manifests/DIGEST': 1 });
  });
});
