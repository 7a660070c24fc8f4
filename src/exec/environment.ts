import { delimiter } from 'node:path';

/** An unprivileged user's PATH lacks the system directories, where mke2fs and others live. */
function searchPath(): string {
  const own = (process.env.PATH ?? '').split(delimiter);
  // An empty entry means the directory where the program runs, which may be a stranger's.
  return [...own, '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']
    .filter((path) => path !== '')
    .join(delimiter);
}

/** The environment of a program that we start: small, fixed, and `extra`. */
export function programEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  // Locale and time zone are fixed, so that no output depends on the caller's.
  const env: Record<string, string> = { PATH: searchPath(), LC_ALL: 'C.UTF-8', TZ: 'UTC' };
  for (const name of [
    'HOME',
    'USER',
    'TMPDIR',
    'XDG_RUNTIME_DIR',
    'SSH_AUTH_SOCK',
    'http_proxy',
    'https_proxy',
    'no_proxy',
  ]) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...extra };
}
