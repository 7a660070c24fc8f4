import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { makeImages } from '../../src/flows/image/build.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { openReference } from '../../src/oci/open.ts';
import { findPolicy } from '../../src/oci/policy/find.ts';
import { admitImage } from '../../src/oci/policy.ts';
import { signDescriptor } from '../../src/oci/signatures.ts';
import type { ContentStore } from '../../src/oci/store.ts';
import type { Descriptor } from '../../src/oci/types.ts';
import { resolveAdmittedImage, resolveImage } from '../../src/workspace/resolve-image.ts';
import { storeImage } from '../helpers/image.ts';
import { silentSession } from '../helpers/session.ts';
import { signingKey } from '../helpers/signing.ts';
import { startTestingRegistry, type TestingRegistry } from '../helpers/testing-registry.ts';

const key = signingKey('release.pub');
const session = silentSession();
const accept = [{ type: 'insecureAcceptAnything' }];
const reject = [{ type: 'reject' }];

let root: string;
let registry: TestingRegistry & AsyncDisposable;
let repository: ContentStore;
let image: Descriptor;
/** `127.0.0.1:PORT/os/example`. */
let name: string;
/** `docker://…:stable`. */
let reference: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cosa-policy-')));
  // Whatever policy the machine has that runs the tests: this one is found first.
  vi.stubEnv('XDG_CONFIG_HOME', join(root, 'config'));
  registry = await startTestingRegistry();
  repository = await session.registries.repository(registry.host, 'os/example');
  image = await storeImage(repository, [Buffer.from('os')]);
  await repository.setTags(['stable'], image);
  name = `${registry.host}/os/example`;
  reference = `docker://${name}:stable`;
  await writeFile(join(root, 'release.pub'), key.publicKey.export({ type: 'spki', format: 'pem' }));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await registry[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const policyFile = () => join(root, 'policy.json');
const writePolicy = (policy: unknown) => writeFile(policyFile(), JSON.stringify(policy));
const signed = (rule: object = {}) => [{ type: 'sigstoreSigned', keyPath: 'release.pub', ...rule }];
const anyTag = { signedIdentity: { type: 'matchRepository' } };
const sign = (identity = name) => signDescriptor(repository, image, { key, identity, shared: true });

async function admit(text = reference) {
  const opened = await openReference(text, root, session.registries);
  return admitImage(session, root, opened, opened.descriptor);
}

describe('admitImage', () => {
  it('finds the signature that the policy asks for', async () => {
    await writePolicy({ default: reject, transports: { docker: { [name]: signed(anyTag) } } });
    await sign();
    expect(await admit()).toMatchObject({
      policy: policyFile(),
      section: `transports.docker."${name}"`,
      signatures: [{ kind: 'attachment', identity: name }],
    });
  });

  it('asks no registry where the policy accepts anything', async () => {
    await writePolicy({ default: accept });
    const opened = await openReference(reference, root, session.registries);
    registry.log.length = 0;
    expect(await admitImage(session, root, opened, opened.descriptor)).toMatchObject({
      policy: policyFile(),
      section: 'default',
      signatures: [],
    });
    expect(registry.log).toEqual([]);
  });

  it('wants every requirement met', async () => {
    await writePolicy({ default: [...signed(anyTag), ...reject] });
    await sign();
    await expect(admit()).rejects.toMatchObject({ code: 'POLICY_REJECTED' });
  });

  it('says what was wanted where there is no signature', async () => {
    await writePolicy({ default: signed(anyTag) });
    await expect(admit()).rejects.toMatchObject({
      code: 'SIGNATURE_REQUIRED',
      exitStatus: 4,
      message:
        `${reference} (${image.digest}) is not admitted: ${policyFile()}, default, asks for a signature with ` +
        `${root}/release.pub; it has no signature`,
      hint: `sign it with "cosa sign --key FILE ${reference}"`,
    });
  });

  it('says what was found where no signature will do', async () => {
    await writePolicy({ default: signed() });
    await sign();
    await expect(admit()).rejects.toMatchObject({
      code: 'SIGNATURE_REQUIRED',
      message: expect.stringMatching(
        new RegExp(
          `; none of its signatures will do\n` +
            `  attachment sha256:[0-9a-f]{64}: it is for "${name}", not for ${name}:stable \\(matchRepoDigestOrExact\\)\n` +
            `  bundle sha256:[0-9a-f]{64}: it names no image, only a digest$`,
        ),
      ) as string,
      hint:
        `sign it under the name that the policy asks for (--identity ${name}:stable), or let the policy accept any tag: ` +
        '"signedIdentity": {"type": "matchRepository"}',
    });
    await sign(`${name}:stable`);
    expect((await admit()).signatures).toHaveLength(1);
  });

  it('compares the tag only where a tag was asked for', async () => {
    await writePolicy({ default: signed() });
    await sign(`${name}:1.0`);
    await expect(admit()).rejects.toMatchObject({ code: 'SIGNATURE_REQUIRED' });
    expect((await admit(`docker://${name}@${image.digest}`)).signatures).toHaveLength(1);
  });

  it.each([
    ['reject', reject, 'POLICY_REJECTED', 'rejects it'],
    [
      'signedBy',
      [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: 'a' }],
      'POLICY_UNSUPPORTED',
      'asks for signedBy (GPG), which cosa cannot check',
    ],
    [
      'fulcio',
      [{ type: 'sigstoreSigned', fulcio: {}, rekorPublicKeyPath: 'a' }],
      'POLICY_UNSUPPORTED',
      'asks for sigstoreSigned with fulcio, which cosa cannot check',
    ],
  ])('admits nothing under %s', async (_, requirements, code, reason) => {
    await writePolicy({ default: accept, transports: { docker: { [registry.host]: requirements } } });
    await expect(admit()).rejects.toMatchObject({
      code,
      exitStatus: 4,
      message: `${reference} (${image.digest}) is not admitted: ${policyFile()}, transports.docker."${registry.host}", ${reason}`,
    });
  });

  it.each([
    ['there is none', 'missing.pub', 'KEY_MISSING', 'the key ROOT/missing.pub cannot be read'],
    [
      'it is none',
      'policy.json',
      'KEY_INVALID',
      'the key ROOT/policy.json cannot be used: there is no public key in it',
    ],
  ])('names the key if %s', async (_, keyPath, code, message) => {
    await writePolicy({ default: signed({ keyPath }) });
    await expect(admit()).rejects.toMatchObject({ code, exitStatus: 2, message: message.replace('ROOT', root) });
  });

  it('knows layouts by their path, whatever link leads there', async () => {
    await using store = await openLayoutForWriting(join(root, 'oci'));
    const copy = await storeImage(store, [Buffer.from('os')]);
    await store.setTags(['1'], copy);
    await signDescriptor(store, copy, { key, identity: 'registry.example.com/os', shared: false });
    await symlink(join(root, 'oci'), join(root, 'link'));
    const exact = { signedIdentity: { type: 'exactRepository', dockerRepository: 'registry.example.com/os' } };
    await writePolicy({ default: reject, transports: { oci: { [root]: signed(exact) } } });
    for (const text of ['1', `oci:${join(root, 'link')}:1`]) {
      expect(await admit(text)).toMatchObject({
        section: `transports.oci."${root}"`,
        signatures: [{ kind: 'attachment' }],
      });
    }
    await writePolicy({ default: signed() });
    await expect(admit('1')).rejects.toMatchObject({
      code: 'SIGNATURE_REQUIRED',
      hint: 'an image in oci: has no name: let the policy say it, with "signedIdentity": {"type": "exactRepository", …}',
    });
  });
});

it('is asked by commands that use an image', async () => {
  await writePolicy({ default: signed(anyTag) });
  await expect(resolveAdmittedImage(session, root, reference)).rejects.toMatchObject({ code: 'SIGNATURE_REQUIRED' });
  await sign();
  expect((await resolveAdmittedImage(session, root, reference)).image.descriptor.digest).toBe(image.digest);
});

it('is asked before an image becomes a disk: a type says so', async () => {
  await writePolicy({ default: reject });
  const resolved = await resolveImage(session, root, reference);
  // @ts-expect-error An image that was only looked at is none that may be used.
  const uses: Parameters<typeof makeImages>[1] = resolved;
  expect(uses.image.descriptor.digest).toBe(image.digest);
});

describe('findPolicy', () => {
  it("prefers the work directory's, then the user's", async () => {
    await mkdir(join(root, 'config/containers'), { recursive: true });
    const users = join(root, 'config/containers/policy.json');
    await writeFile(users, JSON.stringify({ default: accept }));
    expect((await findPolicy(root))?.path).toBe(users);
    await writePolicy({ default: reject });
    expect((await findPolicy(root))?.path).toBe(policyFile());
  });

  it.each([
    ['link', ''],
    ['link/not/there', '/not/there'],
  ])(
    'refuses the path of a layout that leads through a link, which is known by its real path: %s',
    async (path, rest) => {
      await symlink(join(root, 'config'), join(root, 'link'));
      await mkdir(join(root, 'config'));
      await writePolicy({ default: accept, transports: { oci: { [join(root, path)]: reject } } });
      await expect(findPolicy(root)).rejects.toMatchObject({
        code: 'POLICY_INVALID',
        exitStatus: 2,
        message:
          `the policy cannot be used: no image falls into the scope "${join(root, path)}" of oci: it leads through a link: ` +
          `write ${join(root, 'config')}${rest}`,
      });
      await writePolicy({ default: accept, transports: { oci: { [`${join(root, 'config')}${rest}`]: reject } } });
      expect((await findPolicy(root))?.path).toBe(policyFile());
    },
  );

  it('knows a registry whatever way its host is written', async () => {
    const port = registry.host.replace(/^.*:/, '');
    await writePolicy({ default: accept, transports: { docker: { [`localhost:${port}`]: reject } } });
    await expect(admit(`docker://LocalHost:${port}/os/example:stable`)).rejects.toMatchObject({
      code: 'POLICY_REJECTED',
    });
  });
});
