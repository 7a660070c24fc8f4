import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';

const openssl: Tool = {
  name: 'openssl',
  packages: { deb: 'openssl', rpm: 'openssl' },
  purpose: 'makes the certificates of test servers',
};
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];

/** A key and a certificate, PEM: as files and as text. */
export interface Certificate {
  keyFile: string;
  certificateFile: string;
  key: string;
  certificate: string;
}

/** A server's certificate and the authority that signed it, which nobody trusts until told. */
export interface ServerCertificate extends Certificate {
  authorityFile: string;
}

/** Makes a certificate that signs itself. */
export async function selfSigned(directory: string, name: string): Promise<Certificate> {
  await mkdir(directory, { recursive: true });
  const [keyFile, certificateFile] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  const subject = ['-subj', `/CN=${name}`, '-days', '2'];
  await run(openssl, ['req', '-x509', ...newKey, '-keyout', keyFile, '-out', certificateFile, ...subject]);
  return withTexts(keyFile, certificateFile);
}

/**
 * Makes a certificate for servers, on the loopback interface unless told, and the authority behind it.
 * @param servers as OpenSSL writes a subject's other names
 */
export async function serverCertificate(
  directory: string,
  isExpired = false,
  servers = 'DNS:localhost,IP:127.0.0.1',
): Promise<ServerCertificate> {
  const authority = await selfSigned(directory, 'authority');
  const [keyFile, certificateFile] = [join(directory, 'server.key'), join(directory, 'server.crt')];
  const names = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${servers}`];
  const { stdout } = await run(openssl, ['req', ...newKey, '-keyout', keyFile, ...names]);
  const sign = [
    ...['x509', '-req', '-copy_extensions', 'copy', '-out', certificateFile],
    ...['-CA', authority.certificateFile, '-CAkey', authority.keyFile],
  ];
  const validity = isExpired ? await expiredOptions() : ['-days', '2'];
  await run(openssl, [...sign, ...validity], { input: stdout });
  return { ...(await withTexts(keyFile, certificateFile)), authorityFile: authority.certificateFile };
}

/** OpenSSL takes an end before the beginning up to version 3.3, and dates since 3.4. */
async function expiredOptions(): Promise<string[]> {
  const { stderr } = await run(openssl, ['x509', '-help']);
  return stderr.includes('-not_after')
    ? ['-not_before', '20200101000000Z', '-not_after', '20200102000000Z']
    : ['-days', '-1'];
}

/** Makes `DIRECTORY/HOST/ca.crt`, as containers-certs.d(5) and `--cert-dir` have it, and returns the directory. */
export async function trustAuthority(directory: string, host: string, authorityFile: string): Promise<string> {
  await mkdir(join(directory, host), { recursive: true });
  await writeFile(join(directory, host, 'ca.crt'), await readFile(authorityFile));
  return directory;
}

async function withTexts(keyFile: string, certificateFile: string): Promise<Certificate> {
  const [key, certificate] = await Promise.all([readFile(keyFile, 'utf8'), readFile(certificateFile, 'utf8')]);
  return { keyFile, certificateFile, key, certificate };
}
