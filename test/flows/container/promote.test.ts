import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { promote } from '../../../src/flows/container/promote.ts';
import { signImage } from '../../../src/flows/container/sign.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { attachBundle, makeBundle } from '../../../src/oci/signatures/bundle.ts';
import type { SigningKey } from '../../../src/oci/signatures/keys.ts';
import { attachTestResult } from '../../../src/oci/test-result.ts';
import type { Descriptor } from '../../../src/oci/types.ts';
import { storeImage } from '../../helpers/image.ts';
import { silentSession } from '../../helpers/session.ts';
import { signingKey } from '../../helpers/signing.ts';
import { passedResult } from '../../helpers/test-result.ts';
import type { Injection } from '../../helpers/testing-registry/faults.ts';
import { openStreamScene, passTests, push, pushIndex, repositoryName, type StreamScene } from './support.ts';

// Promotion on a registry: with no work directory anywhere.
const session = silentSession();

let scene: StreamScene;
beforeEach(async () => {
  scene = await openStreamScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const tags = () => Object.fromEntries(scene.registry.tags(repositoryName));

describe('promote', () => {
  const stream = () => `${scene.reference}:stable`;
  const run = (options: { stream?: string; from?: string; dryRun?: boolean } = {}) => {
    const { from, dryRun = false } = options;
    return promote(session, scene.nowhere, { stream: options.stream ?? stream(), from, require: ['basic'], dryRun });
  };

  it.each([
    ['a whole reference', () => ({ stream: stream() })],
    ['a tag beside --from', () => ({ stream: 'stable', from: `${scene.reference}:stable-candidate` })],
    ['a whole reference, for a version beside it', () => ({ stream: stream(), from: '13.1' })],
  ])('takes the stream as %s', async (_what, options) => {
    const image = await push(scene, '13.1');
    await passTests(scene, image);
    expect(await run({ ...options(), dryRun: true })).toMatchObject({ moved: true, version: '13.1' });
    expect(tags().stable).toBeUndefined();
    expect(await run(options())).toEqual({
      stream: stream(),
      digest: image.digest,
      version: '13.1',
      previous: undefined,
      moved: true,
    });
    expect(tags().stable).toBe(image.digest);
    expect(await run(options())).toMatchObject({ moved: false, previous: image.digest });
  });

  describe('with results that must be signed', () => {
    const reject = [{ type: 'reject' }];
    const keyPath = 'ci.pub';
    const key = signingKey(keyPath);
    const other = signingKey('other.pub');
    const writeKey = async (name: string, { publicKey }: SigningKey) =>
      writeFile(join(scene.nowhere, name), publicKey.export({ type: 'spki', format: 'pem' }));
    const sign = (verdict: Descriptor, by: SigningKey) =>
      attachBundle(scene.repository, verdict, makeBundle(by, verdict.digest));
    const promoteWith = (verdictKeys: readonly string[]) =>
      promote(session, scene.nowhere, {
        stream: stream(),
        from: undefined,
        require: ['basic'],
        verdictKeys,
        dryRun: false,
      });

    it.each([
      ['a key of the command', ['ci.pub'], undefined],
      ['the policy', [], [{ type: 'sigstoreSigned', keyPath }]],
      ['both', ['ci.pub'], [{ type: 'sigstoreSigned', keyPath }]],
    ])('takes those that %s asks for, and no others', async (_what, keys, requirements) => {
      await writeKey(keyPath, key);
      if (requirements !== undefined) {
        const transports = {
          docker: { '': [{ type: 'insecureAcceptAnything' }] },
          'cosa-test-result': { '': requirements },
        };
        await writeFile(join(scene.nowhere, 'policy.json'), JSON.stringify({ default: reject, transports }));
      }
      const image = await push(scene, '13.1');
      const verdict = await passTests(scene, image);
      const name = join(scene.nowhere, keyPath);
      await expect(promoteWith(keys)).rejects.toMatchObject({
        code: 'TESTS_NOT_PASSED',
        exitStatus: 4,
        message:
          `${scene.reference}:stable-candidate (${image.digest}) is not promoted to stable: basic has not been run for it\n` +
          `  does not count: test result ${verdict.digest} is not signed, as ${name} asks for`,
      });
      await sign(verdict, other);
      await expect(promoteWith(keys)).rejects.toMatchObject({
        message: expect.stringContaining(`test result ${verdict.digest} has no signature made with ${name}`) as string,
      });
      await sign(verdict, key);
      expect(await promoteWith(keys)).toMatchObject({ moved: true });
    });

    it('takes the signature of "cosa sign" for the result', async () => {
      await writeKey(keyPath, key);
      const verdict = await passTests(scene, await push(scene, '13.1'));
      await writeFile(join(scene.nowhere, 'ci.key'), key.privateKey.export({ type: 'pkcs8', format: 'pem' }));
      await signImage(session, {
        directory: scene.nowhere,
        reference: `${scene.reference}@${verdict.digest}`,
        key: 'ci.key',
        passphrase: async () => '',
      });
      expect(await promoteWith([keyPath])).toMatchObject({ moved: true });
    });

    it('an unsigned failure does not count, a signed one does', async () => {
      await writeKey(keyPath, key);
      const image = await push(scene, '13.1');
      await sign(await passTests(scene, image), key);
      const failed = { ...passedResult(image), started: '2026-02-01T00:00:00Z' };
      const tests = [{ name: 'ssh', status: 'failed' as const, milliseconds: 1 }];
      const verdict = await attachTestResult(scene.repository, image, { ...failed, tests });
      expect(await promoteWith([keyPath])).toMatchObject({ moved: true });
      await sign(verdict, key);
      await expect(promoteWith([keyPath])).rejects.toMatchObject({ code: 'TESTS_NOT_PASSED' });
    });

    it.each([
      ['reject', reject, 'rejects all'],
      [
        'signedBy',
        [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: 'a' }],
        'asks for signedBy (GPG), which cosa cannot check',
      ],
    ])('takes none under %s', async (_what, requirements, reason) => {
      const policy = {
        default: [{ type: 'insecureAcceptAnything' }],
        transports: { 'cosa-test-result': { '': requirements } },
      };
      await writeFile(join(scene.nowhere, 'policy.json'), JSON.stringify(policy));
      await passTests(scene, await push(scene, '13.1'));
      await expect(promoteWith([])).rejects.toMatchObject({
        message: expect.stringContaining(`is refused: ${join(scene.nowhere, 'policy.json')} ${reason}`) as string,
      });
    });

    it('keys that cannot be read are an error of the command', async () => {
      await passTests(scene, await push(scene, '13.1'));
      await expect(promoteWith(['missing.pub'])).rejects.toMatchObject({ code: 'KEY_MISSING', exitStatus: 2 });
    });
  });

  it('a forged success of the year 9999 does not outlive a failure', async () => {
    const image = await push(scene, '13.1');
    const tests = [{ name: 'ssh', status: 'failed' as const, milliseconds: 1 }];
    await attachTestResult(scene.repository, image, { ...passedResult(image), tests });
    await attachTestResult(scene.repository, image, { ...passedResult(image), started: '9999-01-01T00:00:00Z' });
    await expect(run()).rejects.toMatchObject({
      code: 'TESTS_NOT_PASSED',
      message: expect.stringMatching(/: basic\/ssh failed with uefi\n {2}does not count: .* in the future/) as string,
    });
  });

  it('refuses what was not tested, of an index each image', async () => {
    const [tested, untested] = [await push(scene, '13.1', ['a']), await push(scene, '13.1', ['b'], 'arm64')];
    await passTests(scene, tested);
    const { digest } = await pushIndex(scene, 'stable-candidate', [tested, untested]);
    await expect(run()).rejects.toMatchObject({
      code: 'TESTS_NOT_PASSED',
      exitStatus: 4,
      message: `${scene.reference}:stable-candidate (${digest}) is not promoted to stable: linux/arm64: basic has not been run for it`,
    });
    await passTests(scene, untested);
    expect(await run()).toMatchObject({ moved: true, digest });
  });

  it('takes for an image whatever an index offers to machines, and asks for its tests', async () => {
    const [tested, untested] = [await push(scene, '13.1', ['a']), await push(scene, '13.1', ['b'], 'arm64')];
    await passTests(scene, tested);
    await pushIndex(scene, 'stable-candidate', [tested, { ...untested, artifactType: 'application/example' }]);
    await expect(run()).rejects.toMatchObject({ code: 'TESTS_NOT_PASSED', exitStatus: 4 });
  });

  it('refuses an index without images: there is nothing that tests could have passed', async () => {
    const { digest } = await pushIndex(scene, 'stable-candidate', []);
    await expect(run()).rejects.toMatchObject({
      code: 'NOT_AN_IMAGE',
      exitStatus: 4,
      message: `${scene.reference}:stable-candidate (${digest}) holds no image that could be promoted`,
    });
    expect(tags().stable).toBeUndefined();
  });

  it('refuses to point to what lies elsewhere, and a stream without a name', async () => {
    await push(scene, '13.1');
    const elsewhere = `docker://${scene.registry.host}/other:stable`;
    await expect(run({ stream: elsewhere, from: `${scene.reference}:13.1` })).rejects.toMatchObject({
      code: 'REFERENCE_ELSEWHERE',
      message: `${scene.reference}:13.1 is not in docker://${scene.registry.host}/other: a tag points to what lies beside it`,
    });
    await expect(run({ stream: scene.reference })).rejects.toMatchObject({ code: 'TAG_INVALID', exitStatus: 2 });
  });

  it('sets exactly the digest that was tested, whatever becomes of its tag', async () => {
    const tested = await push(scene, '13.1');
    await passTests(scene, tested);
    const newer = await push(scene, '13.2');
    scene.registry.setTag(repositoryName, 'stable-candidate', tested.digest);
    scene.registry.inject({
      match: { method: 'HEAD', path: /stable-candidate$/ },
      fault: { kind: 'move-tag', when: 'after', repository: repositoryName, tag: 'stable-candidate', to: newer.digest },
    });
    expect(await run()).toMatchObject({ digest: tested.digest });
    expect(tags()).toMatchObject({ stable: tested.digest, 'stable-candidate': newer.digest });
  });

  describe('when somebody else moves the stream', () => {
    const path = /manifests\/stable$/;
    const races: { when: string; conditional: boolean; at: Omit<Injection, 'fault'>; side: 'before' | 'after' }[] = [
      { when: 'after it was read', conditional: false, at: { match: { method: 'HEAD', path } }, side: 'after' },
      {
        when: 'before it is checked',
        conditional: false,
        at: { match: { method: 'HEAD', path }, skip: 1 },
        side: 'before',
      },
      {
        when: 'after it is checked',
        conditional: true,
        at: { match: { method: 'HEAD', path }, skip: 1 },
        side: 'after',
      },
      { when: 'before it is set', conditional: true, at: { match: { method: 'PUT', path } }, side: 'before' },
      { when: 'after it is set', conditional: false, at: { match: { method: 'PUT', path } }, side: 'after' },
      {
        when: 'after it is set, conditions or not',
        conditional: true,
        at: { match: { method: 'PUT', path } },
        side: 'after',
      },
    ];

    it.each(races)('$when (conditions: $conditional): they win, and we say so', async ({ conditional, at, side }) => {
      scene.registry.behaviour.conditionalPut = conditional;
      const [old, theirs, ours] = [await push(scene, '13.1'), await push(scene, '13.2'), await push(scene, '13.3')];
      await passTests(scene, ours);
      scene.registry.setTag(repositoryName, 'stable', old.digest);
      scene.registry.inject({
        ...at,
        fault: { kind: 'move-tag', when: side, repository: repositoryName, tag: 'stable', to: theirs.digest },
      });
      await expect(run()).rejects.toMatchObject({
        code: 'TAG_MOVED',
        exitStatus: 4,
        message: `${stream()} was moved by somebody else meanwhile, to ${theirs.digest} (version 13.2): ${ours.digest} is not promoted`,
      });
      expect(tags().stable).toBe(theirs.digest);
    });

    it('before it was read: then we come after them', async () => {
      const [theirs, ours] = [await push(scene, '13.2'), await push(scene, '13.3')];
      await passTests(scene, ours);
      scene.registry.inject({
        match: { method: 'HEAD', path },
        fault: { kind: 'move-tag', when: 'before', repository: repositoryName, tag: 'stable', to: theirs.digest },
      });
      expect(await run()).toMatchObject({ previous: theirs.digest, moved: true });
    });
  });
});

describe('promoters of one layout', () => {
  it('win one after the other, each knowing whom it follows; the others are told who has won', async () => {
    const layout = join(scene.nowhere, 'oci');
    const versions = ['13.0', '13.1', '13.2', '13.3', '13.4', '13.5'];
    await using store = await openLayoutForWriting(layout);
    for (const version of versions) {
      const image = await storeImage(store, [], { 'org.opencontainers.image.version': version });
      await store.setTags([version], image);
    }
    const outcomes = await Promise.allSettled(
      versions.map((version) => {
        const options = { stream: 'stable', from: `oci:${layout}:${version}`, require: [], dryRun: false };
        return promote(silentSession(), scene.nowhere, options);
      }),
    );
    const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    for (const error of lost) {
      expect(error).toMatchObject({
        code: 'TAG_MOVED',
        exitStatus: 4,
        message: expect.stringMatching(
          /:stable was moved by somebody else meanwhile, to sha256:.* \(version 13\.\d\)/,
        ) as string,
      });
    }
    // A chain: nobody has overwritten what they did not know of.
    const followed = won.map(({ previous }) => previous);
    expect(new Set(followed).size).toBe(won.length);
    const last = won.filter(({ digest }) => !followed.includes(digest)).map(({ digest }) => digest);
    expect(last).toEqual([(await store.resolveTag('stable'))?.digest]);
  });
});
