import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { promote } from '../../../src/flows/container/promote.ts';
import { pullContainer } from '../../../src/flows/container/pull.ts';
import { pushContainer } from '../../../src/flows/container/push.ts';
import { generateKeys, signImage } from '../../../src/flows/container/sign.ts';
import { verifyImage } from '../../../src/flows/container/verify.ts';
import { initWorkDirectory } from '../../../src/flows/work-directory/init.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { hostPlatform } from '../../../src/oci/platform.ts';
import type { ContentStore } from '../../../src/oci/store.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { type WorkDirectory, workDirectoryAt, writeSettings } from '../../../src/workspace/work-directory.ts';
import { storeImage } from '../../helpers/image.ts';
import { silentSession } from '../../helpers/session.ts';
import { signingKey } from '../../helpers/signing.ts';
import { startTestingRegistry, type TestingRegistry } from '../../helpers/testing-registry.ts';

const session = silentSession();
const settings = { config: { source: '/config' } };
const secret = async () => 'secret';

let work: WorkDirectory;
let registry: TestingRegistry & AsyncDisposable;
let repository: ContentStore;
let image: Descriptor;
/** `127.0.0.1:PORT/os/example`. */
let name: string;
let reference: string;

beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), 'cosa-sign-'));
  vi.stubEnv('XDG_CONFIG_HOME', join(root, 'config'));
  await writeSettings(root, settings);
  work = workDirectoryAt(root, settings);
  // An old registry: referrers are kept by tags there.
  registry = await startTestingRegistry({ behaviour: { referrersApi: false, conditionalPut: false } });
  repository = await session.registries.repository(registry.host, 'os/example');
  image = await storeImage(repository, [Buffer.from('os')], {}, hostPlatform().architecture);
  await repository.setTags(['stable-candidate'], image);
  name = `${registry.host}/os/example`;
  reference = `docker://${name}:stable-candidate`;
  await writeKeys('release');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await registry[Symbol.asyncDispose]();
  await rm(work.root, { recursive: true, force: true });
});

/** A pair as openssl writes them: to open an encrypted key takes long on purpose. */
async function writeKeys(prefix: string): Promise<void> {
  const { privateKey, publicKey } = signingKey(prefix);
  await writeFile(join(work.root, `${prefix}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(join(work.root, `${prefix}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
}

const sign = (text = reference, identity?: string) =>
  signImage(session, { directory: work.root, reference: text, key: 'release.key', identity, passphrase: secret });
const verify = (text = reference, options: { key?: string; identity?: string; policy?: string } = {}) =>
  verifyImage(session, { directory: work.root, reference: text, ...options });
const writePolicy = (policy: unknown, file = 'policy.json') => writeFile(join(work.root, file), JSON.stringify(policy));
const onlySigned = {
  default: [{ type: 'sigstoreSigned', keyPath: 'release.pub', signedIdentity: { type: 'matchRepository' } }],
};

/** An index of the image and one for another machine. */
async function pushIndex(): Promise<{ index: Descriptor; other: Descriptor }> {
  const other = await storeImage(repository, [Buffer.from('os')], {}, 'riscv64');
  const entry = ({ mediaType, digest, size }: Descriptor, architecture: string) => {
    return { mediaType, digest, size, platform: { os: 'linux', architecture } };
  };
  const manifests = [entry(image, hostPlatform().architecture), entry(other, 'riscv64')];
  const content = canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
  const index = await repository.putManifest(content, mediaTypes.index);
  await repository.setTags(['stable-candidate'], index);
  return { index, other };
}

describe('generateKeys', () => {
  it('makes a pair that signs, keeps the private key to its owner, and overwrites none', async () => {
    const { privateKey } = await generateKeys(work.root, 'new', secret);
    expect((await stat(privateKey)).mode & 0o777).toBe(0o600);
    const before = await readFile(privateKey, 'utf8');
    await expect(generateKeys(work.root, 'new', secret)).rejects.toMatchObject({
      code: 'KEY_EXISTS',
      exitStatus: 2,
      message: `${work.root}/new.key exists already`,
      hint: 'choose another prefix',
    });
    expect(await readFile(privateKey, 'utf8')).toBe(before);
    await signImage(session, { directory: work.root, reference, key: 'new.key', passphrase: secret });
    expect((await verify(reference, { key: 'new.pub' })).signatures).toHaveLength(2);
  });
});

describe('signImage', () => {
  it('signs under the name of the repository, once', async () => {
    expect(await sign()).toEqual({ digest: image.digest, identity: name, signed: [image.digest] });
    expect(await sign()).toEqual({ digest: image.digest, identity: name, signed: [] });
  });

  it('signs an index and each of its images', async () => {
    const { index, other } = await pushIndex();
    expect(await sign()).toEqual({
      digest: index.digest,
      identity: name,
      signed: [image.digest, other.digest, index.digest],
    });
  });

  it('signs a build in oci/ under the name that it will have', async () => {
    await using store = await openLayoutForWriting(work.oci);
    await store.setTags(['1'], await storeImage(store, [Buffer.from('os')]));
    expect(await sign('1', 'registry.example.com/os/example')).toMatchObject({
      identity: 'registry.example.com/os/example',
    });
    expect((await verify('1', { key: 'release.pub' })).signatures).toHaveLength(2);
    await expect(sign('1')).rejects.toMatchObject({
      code: 'IDENTITY_REQUIRED',
      exitStatus: 2,
      message: '1 is in no registry: nothing says under which name to sign it',
      hint: 'name the repository that it is going to: --identity HOST/REPOSITORY',
    });
  });

  it('signs what is pushed later: the signatures go extent, and join those that are there', async () => {
    await using store = await openLayoutForWriting(work.oci);
    await store.setTags(['1'], await storeImage(store, [Buffer.from('os')], {}, hostPlatform().architecture));
    await sign('1', name);
    await writeKeys('stranger');
    await signImage(session, { directory: work.root, reference, key: 'stranger.key', passphrase: secret });
    await pushContainer(session, work.root, { destination: `docker://${name}:1`, from: '1', referrers: true });
    for (const key of ['release.pub', 'stranger.pub']) {
      const { digest, signatures } = await verify(`docker://${name}:1`, { key });
      expect([digest, ...signatures.map(({ kind }) => kind)]).toEqual([image.digest, 'attachment', 'bundle']);
    }
  });

  it.each(['', 'a b', 'docker://a.example/b', `a.example/b@sha256:${'0'.repeat(64)}`])(
    'refuses to sign under the name "%s"',
    async (identity) => {
      await expect(sign(reference, identity)).rejects.toMatchObject({
        code: 'IDENTITY_INVALID',
        exitStatus: 2,
        message: `"${identity}" is not a name to sign under`,
        hint: 'write HOST/REPOSITORY or HOST/REPOSITORY:TAG',
      });
    },
  );

  it('names a key that is not there', async () => {
    const missing = { directory: work.root, reference, key: 'missing.key', passphrase: secret };
    await expect(signImage(session, missing)).rejects.toMatchObject({
      code: 'KEY_MISSING',
      exitStatus: 2,
      message: `the key ${work.root}/missing.key cannot be read`,
    });
  });
});

describe('verifyImage', () => {
  it('by a key: what the reference names, in every form', async () => {
    await sign();
    const { signatures, ...rest } = await verify(reference, { key: 'release.pub' });
    expect(rest).toEqual({ digest: image.digest });
    expect(signatures.map(({ kind, identity }) => [kind, identity])).toEqual([
      ['attachment', name],
      ['bundle', undefined],
    ]);
  });

  it('by a key and a name', async () => {
    await sign(reference, `${name}:1.0`);
    for (const identity of [name, `${name}:1.0`]) {
      expect((await verify(reference, { key: 'release.pub', identity })).signatures).toHaveLength(1);
    }
    await expect(verify(reference, { key: 'release.pub', identity: `${name}:2.0` })).rejects.toMatchObject({
      code: 'SIGNATURE_REQUIRED',
      message: expect.stringContaining(`: it is for "${name}:1.0", not for ${name}:2.0 (exactReference)\n`) as string,
    });
  });

  it('says of every signature why it will not do', async () => {
    await expect(verify(reference, { key: 'release.pub' })).rejects.toMatchObject({
      code: 'SIGNATURE_REQUIRED',
      exitStatus: 4,
      message: `${reference} (${image.digest}) has no signature`,
      hint: `sign it with "cosa sign --key FILE ${reference}"`,
    });
    await sign();
    await writeKeys('stranger');
    const stranger = join(work.root, 'stranger.pub');
    await expect(verify(reference, { key: 'stranger.pub' })).rejects.toMatchObject({
      code: 'SIGNATURE_REQUIRED',
      message: expect.stringMatching(
        new RegExp(
          `has no signature made with ${stranger} that will do\n` +
            `  attachment sha256:[0-9a-f]{64}: it was not made with ${stranger}\n` +
            `  bundle sha256:[0-9a-f]{64}: it was not made with ${stranger}$`,
        ),
      ) as string,
    });
  });

  it('by a policy: every image of an index', async () => {
    await writePolicy(onlySigned, 'mine.json');
    const { index, other } = await pushIndex();
    await sign(`docker://${name}@${image.digest}`);
    await expect(verify(reference, { policy: 'mine.json' })).rejects.toMatchObject({
      code: 'SIGNATURE_REQUIRED',
      message: expect.stringContaining(`(${other.digest}) is not admitted`) as string,
    });
    await sign();
    expect(await verify(reference, { policy: 'mine.json' })).toMatchObject({
      digest: index.digest,
      policy: join(work.root, 'mine.json'),
      section: 'default',
      signatures: [{ kind: 'attachment' }, { kind: 'attachment' }],
    });
  });

  it('by a policy: an index without images, too, must be signed itself', async () => {
    await writePolicy(onlySigned);
    const content = canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] });
    await repository.setTags(['stable-candidate'], await repository.putManifest(content, mediaTypes.index));
    await expect(verify()).rejects.toMatchObject({ code: 'SIGNATURE_REQUIRED' });
  });

  it('names a policy that is not there', async () => {
    await expect(verify(reference, { policy: 'mine.json' })).rejects.toMatchObject({
      code: 'POLICY_MISSING',
      exitStatus: 2,
      message: `there is no policy file ${work.root}/mine.json`,
    });
  });
});

describe("a work directory's policy", () => {
  beforeEach(() => writePolicy(onlySigned));

  const uses: readonly [string, () => Promise<unknown>][] = [
    ['init --ostree', () => init()],
    ['pull', () => pullContainer(session, work, { reference, tags: [], platform: undefined })],
    [
      'promote',
      () =>
        promote(session, work.root, { stream: `docker://${name}:stable`, from: undefined, require: [], dryRun: false }),
    ],
  ];

  it.each(uses)('closes %s to what is not signed', async (_, use) => {
    await expect(use()).rejects.toMatchObject({ code: 'SIGNATURE_REQUIRED', exitStatus: 4 });
    expect([...registry.tags('os/example').keys()]).toEqual(['stable-candidate']);
    await sign();
    await use();
  });

  it('closes promotion to an index with one image that is not signed', async () => {
    await pushIndex();
    await sign(`docker://${name}@${image.digest}`);
    const stream = `docker://${name}:stable`;
    await expect(
      promote(session, work.root, { stream, from: undefined, require: [], dryRun: false }),
    ).rejects.toMatchObject({ code: 'SIGNATURE_REQUIRED' });
    expect(registry.tags('os/example').has('stable')).toBe(false);
  });

  async function init(): Promise<void> {
    const source = join(work.root, 'config');
    await mkdir(source, { recursive: true });
    await writeFile(join(source, 'manifest.yaml'), 'packages: []\n');
    await initWorkDirectory(session, { directory: work.root, source, ostree: reference, force: true });
  }
});
