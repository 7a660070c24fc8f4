import { lstat, readFile, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { walkTree } from './walk.ts';

/** Something that a package's script drew at random when it was installed, and that must not be equal on all machines. */
export interface Secret {
  /** Absolute path in the root. */
  path: string;
  /** What is of no use without it: its certificate, and links to that. */
  companions: readonly string[];
  /** What it is, in a few words: `a private key`. */
  what: string;
  /** False for what holds data, too, and stays. */
  removable: boolean;
}

/** Larger ones are no keys. */
const maximumKeyBytes = 64 * 1024;

/** How secrets are known by what is in them. */
const kinds: readonly { what: string; content: RegExp }[] = [
  // https://www.rfc-editor.org/rfc/rfc7468#section-10, and the older labels of OpenSSL and OpenSSH
  { what: 'a private key', content: /^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\r?$/m },
  // https://bind9.readthedocs.io/en/stable/reference.html#key-block-grammar
  { what: 'a shared key', content: /^\s*key\s+"?[^\s"{]+"?\s*\{[^}]*\bsecret\s+"?[A-Za-z0-9+/=]{16,}"?/m },
];

/** How they are known by name where their content is like anything else's. */
const names: readonly { what: string; path: RegExp; removable: boolean }[] = [
  { what: 'the cookie of an Erlang cluster', path: /\/\.erlang\.cookie$/, removable: true },
  { what: 'a database cluster of PostgreSQL', path: /^\/var\/lib\/postgresql\/.*\/PG_VERSION$/, removable: false },
  { what: 'an LDAP database', path: /^\/var\/lib\/ldap\/data\.mdb$/, removable: false },
];

const certificate = /^-----BEGIN CERTIFICATE-----\r?$/m;

/**
 * Finds the secrets that an install has made: in /etc and /var, in files that no package brings.
 * @param owned absolute paths that packages bring
 * @returns in byte order of their paths
 */
export async function findSecrets(root: string, owned: ReadonlySet<string>): Promise<Secret[]> {
  const found: Omit<Secret, 'companions'>[] = [];
  const certificates: string[] = [];
  const links: { path: string; target: string }[] = [];
  for (const start of ['/etc', '/var']) {
    for await (const { path, host, entry } of walkTree(root, start)) {
      if (owned.has(path)) continue;
      if (entry.isSymbolicLink())
        links.push({ path, target: posix.resolve(posix.dirname(path), await readlink(host)) });
      if (!entry.isFile()) continue;
      const named = names.find((name) => name.path.test(path));
      if (named !== undefined) {
        found.push({ path, what: named.what, removable: named.removable });
        continue;
      }
      if ((await lstat(host)).size > maximumKeyBytes) continue;
      const text = await readFile(host, 'latin1');
      const kind = kinds.find(({ content }) => content.test(text));
      if (kind !== undefined) found.push({ path, what: kind.what, removable: true });
      else if (certificate.test(text)) certificates.push(path);
    }
  }
  return found.map((secret) => {
    const own = certificates.filter((path) => stem(path) === stem(secret.path));
    const to = new Set([secret.path, ...own]);
    return { ...secret, companions: [...own, ...links.filter(({ target }) => to.has(target)).map(({ path }) => path)] };
  });
}

/** `ssl-cert-snakeoil` of /etc/ssl/private/ssl-cert-snakeoil.key. */
function stem(path: string): string {
  return posix.basename(path, posix.extname(path));
}
