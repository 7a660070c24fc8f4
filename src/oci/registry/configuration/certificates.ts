import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { certificateInvalid, readPem, trustedAuthorities } from '../../../http/authorities.ts';
import { isSystemError } from '../../../lib/errors.ts';
import { isMissing } from '../../../lib/if-exists.ts';
import { sortByBytes } from '../../../lib/order.ts';
import type { RegistryOptions } from '../../registries.ts';
import { containerDirectories } from './directories.ts';

/**
 * The certificates for a server, as containers-certs.d(5) has them: in the first directory that has one for the host,
 * each `*.crt` is an authority to be trusted, each `NAME.cert` with its `NAME.key` says who we are. Besides them the
 * usual authorities are trusted, and those in `SSL_CERT_FILE` and `NODE_EXTRA_CA_CERTS`.
 * @param host `registry.test:5000`
 * @throws CosaError `CERTIFICATE_INVALID`, naming the file (exit 2)
 */
export async function readCertificates(
  host: string,
  { certificateDirectory }: RegistryOptions,
  environment: NodeJS.ProcessEnv,
): Promise<SecureContextOptions> {
  const { user, system } = containerDirectories(environment);
  const directories = [user, system, '/etc/docker'].flatMap((directory) =>
    directory === undefined ? [] : [join(directory, 'certs.d')],
  );
  const own =
    (certificateDirectory === undefined ? undefined : await hostFiles(certificateDirectory, host, true)) ??
    (await firstOf(directories, host));
  const ca = await trustedAuthorities(own?.authorities ?? [], environment);
  const pairs = await Promise.all((own?.pairs ?? []).map(readPair));
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(pairs.length === 0 ? {} : { cert: pairs.map(({ cert }) => cert), key: pairs.map(({ key }) => key) }),
  };
}

interface HostFiles {
  authorities: readonly string[];
  /** Paths without `.cert` and `.key`. */
  pairs: readonly string[];
}

async function firstOf(directories: readonly string[], host: string): Promise<HostFiles | undefined> {
  for (const directory of directories) {
    const files = await hostFiles(directory, host, false);
    if (files !== undefined) return files;
  }
  return undefined;
}

/** @param isNamed true if the user named the directory: then it must be there, and be readable */
async function hostFiles(directory: string, host: string, isNamed: boolean): Promise<HostFiles | undefined> {
  if (isNamed && (await names(directory, true)) === undefined) {
    throw certificateInvalid(directory, 'there is no such directory');
  }
  // Without a port people mean that of HTTPS.
  for (const name of host.includes(':') ? [host] : [host, `${host}:443`]) {
    const below = join(directory, name);
    const found = await names(below, isNamed);
    if (found === undefined) continue;
    const stems = (suffix: string) =>
      found.filter((file) => file.endsWith(suffix)).map((file) => file.slice(0, -suffix.length));
    const keys = new Set(stems('.key'));
    for (const stem of stems('.cert')) {
      if (!keys.delete(stem)) throw certificateInvalid(join(below, `${stem}.cert`), `its key ${stem}.key is missing`);
    }
    const [lonely] = keys;
    if (lonely !== undefined)
      throw certificateInvalid(join(below, `${lonely}.key`), `its certificate ${lonely}.cert is missing`);
    return {
      authorities: stems('.crt').map((stem) => join(below, `${stem}.crt`)),
      pairs: stems('.cert').map((stem) => join(below, stem)),
    };
  }
  return undefined;
}

/** Sorted; `undefined` if the directory is not there, or is another user's. */
async function names(directory: string, isNamed: boolean): Promise<readonly string[] | undefined> {
  try {
    return sortByBytes(await readdir(directory));
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (!isNamed && isSystemError(error, 'EACCES')) return undefined;
    throw error;
  }
}

async function readPair(stem: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = await Promise.all([readPem(`${stem}.cert`), readPem(`${stem}.key`)]);
  if (!isUsable({ cert })) throw certificateInvalid(`${stem}.cert`, 'it holds no certificate in PEM format');
  if (!isUsable({ key }))
    throw certificateInvalid(`${stem}.key`, 'it holds no key in PEM format, or one with a passphrase');
  if (!isUsable({ cert, key }))
    throw certificateInvalid(`${stem}.key`, 'it is not the key of the certificate beside it');
  return { cert, key };
}

function isUsable(options: SecureContextOptions): boolean {
  try {
    createSecureContext(options);
    return true;
  } catch {
    return false;
  }
}
