/** True for addresses that no packet leaves this machine for. Names other than `localhost` may point anywhere. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

/**
 * True if a server may be talked to without TLS: one on this machine, or one that the user named.
 * @param named hosts as they stand in references: `registry.test:5000`
 */
export function mayBePlainHttp(url: URL, named: readonly string[]): boolean {
  // URLs leave out a scheme's own port; people may or may not write it.
  const hosts = [url.host, `${url.hostname}:${url.port === '' ? '80' : url.port}`];
  return isLoopback(url.hostname) || named.some((host) => hosts.includes(host.toLowerCase()));
}
