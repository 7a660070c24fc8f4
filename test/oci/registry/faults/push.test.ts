import { describe, expect, it } from 'vitest';
import type { Fault, Injection } from '../../../helpers/testing-registry/faults.ts';
import { requestsOf } from '../../../helpers/testing-registry/log.ts';
import { openScene, outcomeOf, paths, repository, type Scene, useExamples } from './scene.ts';

useExamples();

const always = Number.POSITIVE_INFINITY;
/** Every request of a push. */
const steps: Injection['match'][] = [
  { method: 'HEAD', path: paths.tag },
  { method: 'HEAD', path: paths.manifest },
  { method: 'HEAD', path: paths.blob },
  { method: 'POST', path: paths.uploads },
  { method: 'PATCH', path: paths.upload },
  { method: 'PUT', path: paths.upload },
  { method: 'PUT', path: paths.manifest },
  { method: 'PUT', path: paths.tag },
];
const stepNames = steps.map((match) => ({ step: `${match.method} ${match.path?.source}`, match }));

/** Pushes with these faults and checks what holds after every push, whatever became of it. */
async function push(scene: Scene, ...injections: Injection[]): Promise<string> {
  for (const injection of injections) scene.registry.inject(injection);
  const outcome = await outcomeOf(scene.push());
  const { registry, before, next, layer } = scene;
  registry.clearFaults();
  const tagged = registry.tags(repository).get('stable');
  if (outcome === 'fine') {
    expect(tagged).toBe(next.digest);
    expect(registry.hasBlob(repository, layer.digest)).toBe(true);
  } else {
    expect(tagged).toBe(before.digest);
    // Whatever has failed: once the registry is well again, the same push succeeds.
    expect(await outcomeOf(scene.push())).toBe('fine');
  }
  return outcome;
}

/** Some servers and proxies refuse every HEAD: then GET decides. */
async function expectGet(scene: Scene, match: Injection['match'], status: number): Promise<void> {
  expect(await push(scene, { match, fault: { kind: 'status', status }, times: always })).toBe('fine');
  expect(scene.waits).toEqual([]);
}

describe.each(stepNames)('$step', ({ match }) => {
  it.each([500, 503, 429])('goes on after one answer %i', async (status) => {
    await using scene = await openScene();
    expect(await push(scene, { match, fault: { kind: 'status', status } })).toBe('fine');
    expect(scene.waits).toHaveLength(1);
  });

  it('gives up after five answers 500, and says who answered what to what', async () => {
    await using scene = await openScene();
    const outcome = await push(scene, { match, fault: { kind: 'status', status: 500 }, times: always });
    const where = `docker://${scene.registry.host}/${repository}`;
    expect(outcome).toMatch(/^REGISTRY_UNAVAILABLE \(1\): /);
    expect(outcome).toContain(`${where}: ${match.method} `);
    expect(outcome).toContain('the registry answers with status 500');
    // A HEAD has no body that could explain.
    if (match.method !== 'HEAD') expect(outcome).toMatch(/\(UNKNOWN: .* was made to fail\)$/);
  });

  it.each([400, 413])('never tries again after %i', async (status) => {
    await using scene = await openScene();
    if (match.method === 'HEAD' && status === 400) return await expectGet(scene, match, status);
    const outcome = await push(scene, { match, fault: { kind: 'status', status }, times: always });
    const isManifest = String(match.path).includes('manifests');
    const isSending = match.method === 'PUT' || match.method === 'PATCH';
    const code = !isSending ? 'REGISTRY_FAILED' : isManifest ? 'MANIFEST_REFUSED' : 'BLOB_REFUSED';
    expect(outcome).toContain(`${code} (1): docker://${scene.registry.host}/${repository}: ${match.method} `);
    expect(outcome).toContain(`status ${status}`);
    expect(scene.waits).toEqual([]);
  });

  it('says that we may not', async () => {
    await using scene = await openScene();
    if (match.method === 'HEAD') return await expectGet(scene, match, 403);
    const fault: Fault = { kind: 'status', status: 403, code: 'DENIED' };
    const outcome = await push(scene, { match, fault, times: always });
    expect(outcome).toMatch(
      new RegExp(`^REGISTRY_DENIED \\(1\\): docker://${scene.registry.host}/${repository}: .* does not let you push`),
    );
  });

  it('gives up when it is asked again and again who we are', async () => {
    await using scene = await openScene();
    const headers = { 'WWW-Authenticate': `Bearer realm="${scene.registry.address}/token"` };
    const fault: Fault = { kind: 'status', status: 401, headers };
    scene.registry.inject({ match: { path: /token/ }, fault: { kind: 'status', status: 401 }, times: always });
    const outcome = await push(scene, { match, fault, times: always });
    expect(outcome).toMatch(/^REGISTRY_UNAUTHORIZED \(1\): /);
    expect(scene.registry.log.length).toBeLessThan(80);
  });

  it('goes on after a reset before the answer', async () => {
    await using scene = await openScene();
    expect(await push(scene, { match, fault: { kind: 'reset', afterBytes: 0 } })).toBe('fine');
  });
});

describe('a connection that breaks each time', () => {
  const fault: Fault = { kind: 'reset', afterBytes: 0 };
  const interrupted = /^REGISTRY_INTERRUPTED \(1\): registry 127.0.0.1:\d+: the connection broke$/;

  it.each(
    stepNames.filter(
      ({ match }) => match.path !== paths.upload && !(match.method === 'PUT' && match.path === paths.tag),
    ),
  )('ends a push: $step', async ({ match }) => {
    await using scene = await openScene();
    expect(await push(scene, { match, fault, times: always })).toMatch(interrupted);
  });

  it('does not matter to an upload that the registry gets nevertheless', async () => {
    await using scene = await openScene();
    expect(await push(scene, { match: { path: paths.upload }, fault, times: 3 })).toBe('fine');
  });

  it('leaves open whether the tag was moved', async () => {
    await using scene = await openScene();
    scene.registry.inject({ match: { method: 'PUT', path: paths.tag }, fault, times: always });
    expect(await outcomeOf(scene.push())).toMatch(interrupted);
    scene.registry.clearFaults();
    expect(await outcomeOf(scene.push())).toBe('fine');
  });
});

describe('an upload', () => {
  it('waits as long as it is told', async () => {
    await using scene = await openScene();
    const fault: Fault = { kind: 'status', status: 429, code: 'TOOMANYREQUESTS', headers: { 'Retry-After': '17' } };
    expect(await push(scene, { match: { method: 'POST' }, fault })).toBe('fine');
    expect(scene.waits).toEqual([17_000]);
  });

  it('says that the registry is asked too often', async () => {
    await using scene = await openScene();
    const outcome = await push(scene, {
      match: { method: 'POST' },
      fault: { kind: 'status', status: 429 },
      times: always,
    });
    expect(outcome).toMatch(/^REGISTRY_RATE_LIMIT \(1\): docker:\/\/.* the registry is asked too often/);
  });

  it('sends only the rest after a reset half way', async () => {
    await using scene = await openScene();
    const match = { method: 'PATCH' };
    const fault: Fault = { kind: 'reset-request', afterBytes: 2_000_000 };
    expect(await push(scene, { match, fault })).toBe('fine');
    const sent = requestsOf(scene.registry.log, match).map(({ received }) => received);
    expect(sent).toEqual([2_000_000, scene.layer.size - 2_000_000]);
  });

  it('gets there with many resets, as long as it gets on', async () => {
    await using scene = await openScene();
    const fault: Fault = { kind: 'reset-request', afterBytes: 300_000 };
    expect(await push(scene, { match: { method: 'PATCH' }, fault, times: 9 })).toBe('fine');
  });

  it('begins anew when the registry has lost it', async () => {
    await using scene = await openScene();
    for (const method of ['PATCH', 'PUT']) {
      scene.registry.inject({ match: { method, path: paths.upload }, fault: { kind: 'lose-upload' } });
    }
    expect(await push(scene)).toBe('fine');
    expect(scene.registry.hasBlob(repository, scene.layer.digest)).toBe(true);
  });

  it('begins anew when it breaks and the registry has lost it', async () => {
    await using scene = await openScene();
    const broken: Injection = { match: { method: 'PATCH' }, fault: { kind: 'reset-request', afterBytes: 1_000_000 } };
    const lost: Injection = { match: { method: 'GET', path: paths.upload }, fault: { kind: 'lose-upload' } };
    expect(await push(scene, broken, lost)).toBe('fine');
    const sent = requestsOf(scene.registry.log, { method: 'PATCH' }).map(({ received }) => received);
    expect(sent).toEqual([1_000_000, scene.layer.size]);
  });

  it('gives up when the registry loses it again and again', async () => {
    await using scene = await openScene();
    const outcome = await push(scene, { match: { method: 'PATCH' }, fault: { kind: 'lose-upload' }, times: always });
    expect(outcome).toMatch(
      /^UPLOAD_LOST \(1\): docker:\/\/.*: the registry has lost the upload of blob sha256:\S+ 4 times$/,
    );
  });

  it('is not sent again when only the answer was lost', async () => {
    await using scene = await openScene();
    for (const fault of [
      { kind: 'reset', afterBytes: 0 },
      { kind: 'status', status: 500, done: true },
    ] as const) {
      scene.registry.inject({ match: { method: 'PUT', path: paths.upload }, fault });
    }
    expect(await push(scene)).toBe('fine');
    const received = scene.registry.log.map((request) => request.received).reduce((sum, bytes) => sum + bytes, 0);
    expect(received).toBeLessThan(scene.layer.size + 20_000);
  });

  it('refuses a registry that says it has stored something else', async () => {
    await using scene = await openScene();
    const other = `sha256:${'0'.repeat(64)}`;
    const fault: Fault = { kind: 'headers', headers: { 'Docker-Content-Digest': other } };
    const blob = await push(scene, { match: { method: 'PUT', path: paths.upload }, fault });
    expect(blob).toMatch(new RegExp(`^BLOB_DIGEST_MISMATCH \\(4\\): .* was stored as ${other}$`));
    await using second = await openScene();
    const manifest = await push(second, { match: { method: 'PUT', path: paths.manifest }, fault });
    expect(manifest).toMatch(new RegExp(`^MANIFEST_DIGEST_MISMATCH \\(4\\): .* but it has ${other}$`));
  });

  it('refuses an upload without an address', async () => {
    await using scene = await openScene();
    const fault: Fault = { kind: 'headers', headers: { Location: undefined } };
    const outcome = await push(scene, { match: { method: 'POST' }, fault, times: always });
    expect(outcome).toMatch(/^REGISTRY_ANSWER_INVALID \(4\): .* an upload without a usable Location \(202\)$/);
  });

  it.each(['PATCH', 'PUT'])('is taken back when %s fails for good', async (method) => {
    await using scene = await openScene();
    scene.registry.inject({
      match: { method, path: paths.upload },
      fault: { kind: 'status', status: 400 },
      times: always,
    });
    expect(await outcomeOf(scene.push())).toMatch(/^BLOB_REFUSED/);
    expect(scene.registry.openUploads()).toBe(0);
  });

  it('goes on when nothing comes for too long', async () => {
    await using scene = await openScene({}, { connect: 5000, idle: 200 });
    expect(await push(scene, { match: { method: 'PATCH' }, fault: { kind: 'hang', afterBytes: 0 } })).toBe('fine');
  });
});
