import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { CosaError, isSystemError, usageError } from '../lib/errors.ts';
import { readText } from '../lib/text-file.ts';

/**
 * The authorities to trust: the usual ones, those of `SSL_CERT_FILE` and `NODE_EXTRA_CA_CERTS`, and more.
 * @param files with certificates in PEM format
 * @returns `undefined` if those that Node trusts on its own are all; reading a whole system's takes a noticeable time
 * @throws CosaError `CERTIFICATE_INVALID`, naming the file (exit 2)
 */
export async function trustedAuthorities(
  files: readonly string[],
  { SSL_CERT_FILE: named, NODE_EXTRA_CA_CERTS: extra }: NodeJS.ProcessEnv,
): Promise<string[] | undefined> {
  const added = await readAuthorities([...(named && named !== extra ? [named] : []), ...files]);
  if (added.length === 0) return undefined;
  // Authorities that are named take the place of all others, so the usual ones are named too.
  return [...rootCertificates, ...(await readAuthorities(extra ? [extra] : [])), ...added];
}

async function readAuthorities(paths: readonly string[]): Promise<string[]> {
  return Promise.all(
    paths.map(async (path) => {
      const ca = await readPem(path);
      if (!holdsCertificates(ca)) throw certificateInvalid(path, 'it holds no certificate in PEM format');
      return ca;
    }),
  );
}

/** @throws CosaError `CERTIFICATE_INVALID` (exit 2) */
export async function readPem(path: string): Promise<string> {
  try {
    return await readText(path);
  } catch (error) {
    if (error instanceof CosaError) throw error;
    throw certificateInvalid(
      path,
      isSystemError(error, 'ENOENT') ? 'there is no such file' : 'it cannot be read',
      error,
    );
  }
}

/** OpenSSL passes over broken authorities, and then nobody knows why a server is not trusted. */
function holdsCertificates(text: string): boolean {
  const certificates = text.split(/(?=-----BEGIN )/).filter((part) => part.startsWith('-----BEGIN '));
  return certificates.length > 0 && certificates.every(isCertificate);
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).serialNumber !== '';
  } catch {
    return false;
  }
}

/** The error for a file that holds no certificate or key of use. */
export function certificateInvalid(path: string, reason: string, cause?: unknown): CosaError {
  return usageError('CERTIFICATE_INVALID', `${path}: ${reason}`, {
    hint: 'a directory of certificates has HOST[:PORT]/ca.crt, and client.cert with client.key where a registry wants them',
    ...(cause === undefined ? {} : { cause }),
  });
}
