import { canonicalHost } from '../../credentials/auth-file.ts';

/**
 * The one way to write a server's address, so that no other way leads past a rule: `REGISTRY.test:443` is
 * `registry.test`, `127.1` is `127.0.0.1`, and Docker's registry has one name.
 * @param host of a reference or a rule, with or without a port
 */
export function serverOf(host: string): string {
  const address = `https://${host}/`;
  return canonicalHost(URL.canParse(address) ? new URL(address).host : host.toLowerCase());
}
