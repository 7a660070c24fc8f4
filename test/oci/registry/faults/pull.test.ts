import { describe, expect, it } from 'vitest';
import type { Fault, Injection } from '../../../helpers/testing-registry/faults.ts';
import { requestsOf } from '../../../helpers/testing-registry/log.ts';
import { startTestingRegistry } from '../../../helpers/testing-registry.ts';
import { openScene, outcomeOf, paths, type Scene, useExamples } from './scene.ts';

useExamples();

/** Counts a connection as dead soon. */
const impatient = { connect: 5000, idle: 200 };
const always = Number.POSITIVE_INFINITY;
/** Every request of a pull. */
const steps: Injection['match'][] = [
  { method: 'HEAD', path: paths.tag },
  { method: 'GET', path: paths.manifest },
  { method: 'GET', path: paths.blob },
];
const stepNames = steps.map((match) => ({ step: `${match.method} ${match.path?.source}`, match }));

/** The large layer's requests. */
function layerOf(scene: Scene): Injection['match'] {
  return { method: 'GET', path: new RegExp(`/blobs/${scene.layer.digest}$`) };
}

/** Pulls with these faults and checks what holds after every pull, whatever became of it. */
async function pull(scene: Scene, ...injections: Injection[]): Promise<string> {
  for (const injection of injections) scene.registry.inject(injection);
  const outcome = await outcomeOf(scene.pull());
  scene.registry.clearFaults();
  const tag = await scene.pulledTag();
  expect(tag).toBe(outcome === 'fine' ? scene.next.digest : undefined);
  expect(await scene.localDamage()).toEqual([]);
  // Whatever has failed: once the registry is well again, the same pull succeeds.
  if (outcome !== 'fine') {
    expect(await outcomeOf(scene.pull())).toBe('fine');
    expect(await scene.localDamage()).toEqual([]);
  }
  return outcome;
}

/** A scene whose image has been pushed. */
async function openPushed(...options: Parameters<typeof openScene>): Promise<Scene> {
  const scene = await openScene(...options);
  await scene.push();
  scene.registry.log.length = 0;
  return scene;
}

describe.each(stepNames)('$step', ({ match }) => {
  it.each([500, 503, 429])('goes on after one answer %i', async (status) => {
    await using scene = await openPushed();
    expect(await pull(scene, { match, fault: { kind: 'status', status } })).toBe('fine');
    expect(scene.waits).toHaveLength(1);
  });

  it('gives up after five answers 500, and says who answered what to what', async () => {
    await using scene = await openPushed();
    const outcome = await pull(scene, { match, fault: { kind: 'status', status: 500 }, times: always });
    expect(outcome).toMatch(/^REGISTRY_UNAVAILABLE \(1\): docker:\/\/.*\/os\/example: .* answers with status 500/);
  });

  it.each([400, 410])('never tries again after %i', async (status) => {
    await using scene = await openPushed();
    const outcome = await pull(scene, { match, fault: { kind: 'status', status }, times: always });
    if (match.method === 'HEAD' && status === 400) return expect(outcome).toBe('fine');
    expect(outcome).toMatch(/^REGISTRY_FAILED \(1\): docker:\/\/.*\/os\/example: /);
    expect(outcome).toContain(`answers with status ${status}`);
    expect(scene.waits).toEqual([]);
  });

  it('says that we may not', async () => {
    await using scene = await openPushed();
    const outcome = await pull(scene, { match, fault: { kind: 'status', status: 403 }, times: always });
    // GET is let through.
    if (match.method === 'HEAD') return expect(outcome).toBe('fine');
    expect(outcome).toMatch(/^REGISTRY_DENIED \(1\): docker:\/\/.*\/os\/example: the registry does not let you pull/);
  });

  it('gives up when it is asked again and again who we are', async () => {
    await using scene = await openPushed();
    const headers = { 'WWW-Authenticate': 'Basic realm="for ever"' };
    const outcome = await pull(scene, { match, fault: { kind: 'status', status: 401, headers }, times: always });
    expect(outcome).toMatch(/^REGISTRY_UNAUTHORIZED \(1\): docker:\/\/.*\/os\/example: the registry/);
  });

  it('goes on after a reset before the answer, and gives up after five', async () => {
    await using scene = await openPushed();
    const fault: Fault = { kind: 'reset', afterBytes: 0 };
    expect(await pull(scene, { match, fault })).toBe('fine');
    await using second = await openPushed();
    const outcome = await pull(second, { match, fault, times: always });
    expect(outcome).toBe(`REGISTRY_INTERRUPTED (1): registry ${second.registry.host}: the connection broke`);
  });

  it('goes on when nothing comes for too long', async () => {
    await using scene = await openPushed({}, impatient);
    expect(await pull(scene, { match, fault: { kind: 'hang', afterBytes: 0 } })).toBe('fine');
  });
});

describe('a manifest', () => {
  const match = { method: 'GET', path: paths.manifest };

  it.each<Fault['kind'] & ('reset' | 'truncate')>(['reset', 'truncate'])('is read again after %s', async (kind) => {
    await using scene = await openPushed();
    expect(await pull(scene, { match, fault: { kind, afterBytes: 100 } })).toBe('fine');
  });

  it.each<{ fault: Fault; expected: RegExp }>([
    {
      fault: { kind: 'corrupt', offset: 10 },
      expected:
        /^MANIFEST_DIGEST_MISMATCH \(4\): \S+@sha256:\S+: the manifest should have the digest sha256:\S+, but it has sha256:\S+$/,
    },
    { fault: { kind: 'resize', by: -1 }, expected: /^MANIFEST_DIGEST_MISMATCH \(4\): / },
    {
      fault: { kind: 'resize', by: 5_000_000 },
      expected:
        /^MANIFEST_TOO_LARGE \(4\): \S+: the manifest has more than 4194304 bytes; at most 4194304 are accepted$/,
    },
    {
      fault: {
        kind: 'headers',
        headers: { 'Content-Type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
      },
      expected: /^MANIFEST_SCHEMA1 \(4\): /,
    },
    { fault: { kind: 'status', status: 404 }, expected: /^BLOB_MISSING \(4\): blob sha256:\S+ is missing in docker:/ },
  ])('is refused: $fault', async ({ fault, expected }) => {
    await using scene = await openPushed();
    expect(await pull(scene, { match, fault, times: always })).toMatch(expected);
    expect(scene.waits).toEqual([]);
  });
});

describe('a tag', () => {
  const match = { path: paths.tag };

  it('is named when what it points to is not there', async () => {
    await using scene = await openPushed();
    const fault: Fault = { kind: 'status', status: 404, code: 'MANIFEST_UNKNOWN' };
    expect(await pull(scene, { match, fault, times: always })).toMatch(
      /^TAG_UNKNOWN \(2\): .* has the tag "stable", and what it points to is gone$/,
    );
  });

  it('is given up when nothing ever comes', async () => {
    await using scene = await openPushed({}, impatient);
    const outcome = await pull(scene, { match, fault: { kind: 'hang', afterBytes: 0 }, times: always });
    expect(outcome).toBe(`REGISTRY_TIMEOUT (1): registry ${scene.registry.host}: nothing came for too long`);
  });

  it('is asked for with GET where HEAD says too little', async () => {
    await using scene = await openPushed();
    const headers = { 'Docker-Content-Digest': undefined };
    expect(await pull(scene, { match, fault: { kind: 'headers', headers }, times: always })).toBe('fine');
    expect(requestsOf(scene.registry.log, match).map(({ method }) => method)).toContain('GET');
  });
});

describe('a blob', () => {
  it.each<Fault['kind'] & ('reset' | 'truncate')>(['reset', 'truncate'])(
    'goes on where it was after %s',
    async (kind) => {
      await using scene = await openPushed();
      const match = layerOf(scene);
      expect(await pull(scene, { match, fault: { kind, afterBytes: 1_000_000 } })).toBe('fine');
      const requests = requestsOf(scene.registry.log, match);
      expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/)]);
      const sent = requests.reduce((sum, request) => sum + request.sent, 0);
      // A reset may throw away what was on its way.
      expect(sent).toBeLessThanOrEqual(scene.layer.size + 1_000_000);
    },
  );

  it('gets there with many breaks, as long as it gets on', async () => {
    await using scene = await openPushed();
    expect(
      await pull(scene, { match: layerOf(scene), fault: { kind: 'truncate', afterBytes: 300_000 }, times: 9 }),
    ).toBe('fine');
  });

  it('gives up when it does not get on', async () => {
    await using scene = await openPushed();
    const fault: Fault = { kind: 'truncate', afterBytes: 1000 };
    const outcome = await pull(scene, { match: layerOf(scene), fault, times: always });
    expect(outcome).toBe(`REGISTRY_INTERRUPTED (1): registry ${scene.registry.host}: the connection broke`);
    expect(scene.waits).toHaveLength(4);
  });

  it('skips what it has when a range is ignored', async () => {
    await using scene = await openPushed();
    const match = layerOf(scene);
    const broken: Injection = { match, fault: { kind: 'truncate', afterBytes: 1_000_000 } };
    expect(await pull(scene, broken, { match, fault: { kind: 'ignore-range' }, skip: 1 })).toBe('fine');
  });

  it('goes on after a hang', async () => {
    await using scene = await openPushed({}, impatient);
    expect(await pull(scene, { match: layerOf(scene), fault: { kind: 'hang', afterBytes: 1_000_000 } })).toBe('fine');
    expect(requestsOf(scene.registry.log, layerOf(scene))).toHaveLength(2);
  });

  it('may come slowly', async () => {
    await using scene = await openPushed();
    const fault: Fault = { kind: 'slow', pieceBytes: 100_000, pauseMilliseconds: 1 };
    expect(await pull(scene, { match: layerOf(scene), fault })).toBe('fine');
    expect(scene.waits).toEqual([]);
  });

  it.each<{ fault: Fault; expected: RegExp }>([
    {
      fault: { kind: 'corrupt', offset: 1_500_000 },
      expected:
        /^BLOB_DIGEST_MISMATCH \(4\): blob sha256:\S+ in docker:\S+ is damaged: its content has the digest sha256:\S+$/,
    },
    {
      fault: { kind: 'resize', by: 10 },
      expected: /^BLOB_SIZE_MISMATCH \(4\): blob sha256:\S+ in docker:\S+ has \d+ bytes, its descriptor says \d+$/,
    },
    { fault: { kind: 'resize', by: -10 }, expected: /^BLOB_SIZE_MISMATCH \(4\): / },
    {
      fault: { kind: 'headers', headers: { 'Content-Length': '7' } },
      expected: /^BLOB_SIZE_MISMATCH \(4\): .* has 7 bytes/,
    },
    { fault: { kind: 'status', status: 404 }, expected: /^BLOB_MISSING \(4\): blob sha256:\S+ is missing in docker:/ },
  ])('is refused: $fault', async ({ fault, expected }) => {
    await using scene = await openPushed();
    expect(await pull(scene, { match: layerOf(scene), fault, times: always })).toMatch(expected);
    expect(scene.waits).toEqual([]);
  });

  it('of the wrong length is refused before its bytes are read', async () => {
    await using scene = await openPushed();
    await pull(scene, { match: layerOf(scene), fault: { kind: 'resize', by: 50_000_000 } });
    expect(requestsOf(scene.registry.log, layerOf(scene))[0]?.sent).toBeLessThan(20_000_000);
  });

  it('is refused when it is damaged only in its resumed part', async () => {
    await using scene = await openPushed();
    const match = layerOf(scene);
    const broken: Injection = { match, fault: { kind: 'truncate', afterBytes: 1_000_000 } };
    const outcome = await pull(scene, broken, { match, fault: { kind: 'corrupt', offset: 1000 }, skip: 1 });
    expect(outcome).toMatch(/^BLOB_DIGEST_MISMATCH \(4\): /);
  });
});

describe('a redirect', () => {
  const users = [{ name: 'builder', password: 'letmein', access: 'push' }] as const;

  it('is followed to another host, which learns nothing about who we are', async () => {
    await using scene = await openPushed({ authentication: { kind: 'basic', users } });
    await using storage = await startTestingRegistry();
    await scene.mirrorTo(storage);
    const fault: Fault = { kind: 'redirect', to: storage.address };
    expect(await pull(scene, { match: layerOf(scene), fault })).toBe('fine');
    expect(storage.log.length).toBeGreaterThan(0);
    expect(requestsOf(storage.log, { method: 'GET' }).map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(requestsOf(scene.registry.log, layerOf(scene))[0]?.headers.authorization).toMatch(/^Basic /);
  });

  it('is followed from every request of a push', async () => {
    await using scene = await openScene();
    const fault: Fault = { kind: 'redirect', to: scene.registry.address };
    for (const method of ['POST', 'PATCH', 'PUT']) scene.registry.inject({ match: { method }, fault });
    expect(await outcomeOf(scene.push())).toBe('fine');
  });

  it('leads nowhere for ever', async () => {
    await using scene = await openPushed();
    const fault: Fault = { kind: 'redirect', to: scene.registry.address };
    const outcome = await pull(scene, { match: layerOf(scene), fault, times: always });
    expect(outcome).toBe(`REGISTRY_FAILED (1): registry ${scene.registry.host}: it redirects more than 5 times`);
  });

  it('to a host that is not there is told', async () => {
    await using scene = await openPushed();
    const gone = await startTestingRegistry();
    await gone[Symbol.asyncDispose]();
    const fault: Fault = { kind: 'redirect', to: gone.address };
    const outcome = await pull(scene, { match: layerOf(scene), fault, times: always });
    expect(outcome).toBe(
      `REGISTRY_REFUSED (1): ${gone.host}, to where registry ${scene.registry.host} points: the connection is refused`,
    );
  });
});
