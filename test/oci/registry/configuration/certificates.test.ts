import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readCertificates } from '../../../../src/oci/registry/configuration/certificates.ts';
import { type Certificate, selfSigned } from '../../../helpers/certificates.ts';

const host = 'registry.test:5000';
let base: string;
let one: Certificate;
let two: Certificate;
let named: string;
let home: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-test-'));
  one = await selfSigned(join(base, 'one'), 'one');
  two = await selfSigned(join(base, 'two'), 'two');
});

beforeEach(async () => {
  const directory = await mkdtemp(join(base, 'case-'));
  named = join(directory, 'named');
  home = join(directory, 'home');
  await mkdir(named);
});

afterAll(() => rm(base, { recursive: true }));

async function copied(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

function read(environment: NodeJS.ProcessEnv = { HOME: home }, asked = host) {
  return readCertificates(asked, { certificateDirectory: named }, environment);
}

test('without files all is as usual', async () => {
  expect(await read()).toEqual({});
  expect(await readCertificates(host, {}, {})).toEqual({});
});

test('authorities are trusted besides the usual ones', async () => {
  await copied(one.certificateFile, join(named, host, 'b.crt'));
  await copied(two.certificateFile, join(named, host, 'a.crt'));
  expect(await read()).toEqual({ ca: [...rootCertificates, two.certificate, one.certificate] });
  expect(await read({}, 'registry.test')).toEqual({});
});

test('the port of HTTPS may be left out, in names of directories and in references', async () => {
  await copied(one.certificateFile, join(named, 'registry.test', 'ca.crt'));
  await copied(two.certificateFile, join(named, 'other.test:443', 'ca.crt'));
  expect((await read({}, 'registry.test')).ca).toContain(one.certificate);
  expect((await read({}, 'other.test')).ca).toContain(two.certificate);
});

test("the directory that is named comes before the user's", async () => {
  await copied(one.certificateFile, join(home, '.config/containers/certs.d', host, 'ca.crt'));
  expect((await read()).ca).toContain(one.certificate);
  await copied(two.certificateFile, join(named, host, 'ca.crt'));
  expect(await read()).toEqual({ ca: [...rootCertificates, two.certificate] });
});

test('the usual variables add authorities', async () => {
  const environment = { SSL_CERT_FILE: one.certificateFile, NODE_EXTRA_CA_CERTS: two.certificateFile };
  expect(await read(environment)).toEqual({ ca: [...rootCertificates, two.certificate, one.certificate] });
});

test('what Node trusts on its own is not read', async () => {
  const environment = { SSL_CERT_FILE: one.certificateFile, NODE_EXTRA_CA_CERTS: one.certificateFile };
  expect(await read(environment)).toEqual({});
  await copied(two.certificateFile, join(named, host, 'ca.crt'));
  expect(await read(environment)).toEqual({ ca: [...rootCertificates, one.certificate, two.certificate] });
});

test('pairs say who we are', async () => {
  await copied(one.certificateFile, join(named, host, 'client.cert'));
  await copied(one.keyFile, join(named, host, 'client.key'));
  expect(await read()).toEqual({ cert: [one.certificate], key: [one.key] });
});

test.each<[string, () => Promise<unknown>, string, string]>([
  ['a missing directory', () => rm(named, { recursive: true }), '', 'there is no such directory'],
  ['no certificate', () => file('ca.crt', 'nonsense'), `${host}/ca.crt`, 'it holds no certificate in PEM format'],
  ['an empty file', () => file('ca.crt', ''), `${host}/ca.crt`, 'it holds no certificate in PEM format'],
  [
    'half a certificate',
    () => file('ca.crt', one.certificate.slice(0, 300)),
    `${host}/ca.crt`,
    'it holds no certificate in PEM format',
  ],
  ['no key', () => file('client.cert', one.certificate), `${host}/client.cert`, 'its key client.key is missing'],
  ['a key alone', () => file('client.key', one.key), `${host}/client.key`, 'its certificate client.cert is missing'],
  [
    'a broken key',
    async () => {
      await file('client.cert', one.certificate);
      await file('client.key', 'nonsense');
    },
    `${host}/client.key`,
    'it holds no key in PEM format, or one with a passphrase',
  ],
  [
    'a key of another certificate',
    async () => {
      await file('client.cert', one.certificate);
      await file('client.key', two.key);
    },
    `${host}/client.key`,
    'it is not the key of the certificate beside it',
  ],
])('refuses %s', async (_what, prepare, path, message) => {
  await prepare();
  await expect(read()).rejects.toMatchObject({
    code: 'CERTIFICATE_INVALID',
    message: `${join(named, path)}: ${message}`,
    exitStatus: 2,
  });
});

test('a variable that names no file', async () => {
  await expect(read({ SSL_CERT_FILE: join(home, 'none') })).rejects.toMatchObject({
    code: 'CERTIFICATE_INVALID',
    message: `${join(home, 'none')}: there is no such file`,
  });
});

async function file(name: string, content: string): Promise<void> {
  await mkdir(join(named, host), { recursive: true });
  await writeFile(join(named, host, name), content);
}
