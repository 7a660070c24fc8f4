import { realpath } from 'node:fs/promises';
import { gitCheckoutOf } from '../exec/tools/git/checkout.ts';

/** The git commit that a config directory is at. */
export interface ConfigSource {
  /** Where it can be cloned from, without credentials; `undefined` where that is on this machine alone. */
  url: string | undefined;
  revision: string;
  /** True if files in the config directory differ from the commit. */
  dirty: boolean;
  /** The commit's date, in seconds since the epoch. */
  commitTime: number;
}

/**
 * The git source of a config directory, which may lie below a checkout's top. Changes elsewhere in the checkout do
 * not make it dirty.
 * @returns `undefined` for a plain directory
 * @throws CosaError `TOOL_MISSING` (exit 3)
 */
export async function describeConfigSource(directory: string): Promise<ConfigSource | undefined> {
  // The config may be a link: git would look for the checkout above the link.
  const checkout = await gitCheckoutOf(await realpath(directory));
  if (checkout === undefined) return undefined;
  const { revision, dirty, commitTime } = checkout;
  return { url: checkout.url === undefined ? undefined : publicUrl(checkout.url), revision, dirty, commitTime };
}

/**
 * True for an address that is cloned from: `https://…`, `git@host:path`. Other schemes are programs to git, named
 * `git-remote-SCHEME`.
 */
export function isGitUrl(text: string): boolean {
  return /^(?:https?|ssh|git|file):\/\/\S+$/.test(text) || isSshShorthand(text);
}

/**
 * A git URL as it may be published: without password, without the user of http; `undefined` for a path of this
 * machine, which means nothing elsewhere.
 */
export function publicUrl(url: string): string | undefined {
  if (isSshShorthand(url)) return url;
  if (!isGitUrl(url) || !URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  if (parsed.protocol === 'file:') return undefined;
  parsed.password = '';
  // The user of an http URL is often a token; that of an ssh URL is part of the address.
  if (parsed.protocol !== 'ssh:') parsed.username = '';
  return parsed.href;
}

/** `git@host:path`; a path with a colon in it starts with a slash or a dot. */
function isSshShorthand(text: string): boolean {
  return /^(?:\w[\w.-]*@)?\w[\w.-]*:(?!\/\/|:)\S+$/.test(text);
}
