import { z } from 'zod';
import { type FaultError, parseDocument } from '../../lib/document.ts';
import { CosaError, usageError } from '../../lib/errors.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import type { AuthFileLocation } from './locations.ts';

/** Docker's own registry: its host, and what Docker's tools write in its place. */
export const dockerHub = {
  host: 'docker.io',
  aliases: ['index.docker.io', 'registry-1.docker.io'],
  /** Its name in Docker's files and for credential helpers. */
  server: 'https://index.docker.io/v1/',
} as const;

const entrySchema = z.looseObject({
  /** Base64 of `USERNAME:PASSWORD`. */
  auth: z.string().nullish(),
  identitytoken: z.string().nullish(),
});

// Go writes empty maps as null. What we do not know stays when the file is written.
const fileSchema = z.looseObject({
  auths: z.record(z.string(), entrySchema).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().nullish(),
});

const legacySchema = z.record(z.string(), entrySchema);

export type AuthFileContent = z.output<typeof fileSchema>;

/** These files are some kilobytes. */
const maximumBytes = 4 * 1024 * 1024;

/**
 * Reads a file of credentials: `auth.json`, or Docker's `config.json`. A file that is not there, or is empty as
 * /dev/null is, holds nothing.
 * @throws CosaError `AUTH_FILE_MISSING`, `AUTH_FILE_INVALID` with the position (exit 2): never with the content
 */
export async function readAuthFile({ path, isLegacy, isRequired }: AuthFileLocation): Promise<AuthFileContent> {
  const text = await readText(path);
  if (text === undefined && isRequired) {
    throw usageError('AUTH_FILE_MISSING', `--authfile ${path}: there is no such file`, {
      hint: `make it with: cosa login --authfile ${path} HOST`,
    });
  }
  if (text === undefined || text.trim() === '') return {};
  const fail = faultError(path);
  return isLegacy ? { auths: parseDocument(legacySchema, text, fail) } : parseDocument(fileSchema, text, fail);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readTextIfExists(path, maximumBytes);
  } catch (error) {
    if (error instanceof CosaError) throw invalid(path, error.message);
    throw error;
  }
}

const faultError =
  (path: string): FaultError =>
  ({ field, reason, position }) =>
    invalid(path, position === undefined ? `${field ?? 'the document'}: ${reason}` : `it ${reason}`, position);

function invalid(path: string, reason: string, position: { line?: number; column?: number } = {}): CosaError {
  return usageError('AUTH_FILE_INVALID', `credentials cannot be read: ${reason}`, {
    where: { file: path, ...position },
    hint: 'correct the file, or name another one with --authfile',
  });
}

/**
 * User name and password of an entry.
 * @param key the entry's key, for the message
 * @throws CosaError `AUTH_FILE_INVALID` (exit 2)
 */
export function decodeAuth(auth: string, key: string, path: string): { username: string; password: string } {
  const text = /^[A-Za-z0-9+/]+={0,2}$/.test(auth) ? Buffer.from(auth, 'base64').toString() : '';
  const colon = text.indexOf(':');
  if (colon < 1) throw invalid(path, `auths.${key}.auth: expected the base64 of USERNAME:PASSWORD`);
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

export function encodeAuth(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString('base64');
}

/**
 * The host or namespace that a key of `auths` or `credHelpers` stands for. Docker writes addresses, whose path
 * means nothing: `https://registry.example.com/v1/`.
 */
export function normalizeKey(key: string): string {
  const address = /^https?:\/\/([^/]*)/.exec(key)?.[1];
  const [host = '', ...path] = (address ?? key).split('/');
  return [canonicalHost(host), ...path].join('/');
}

export function canonicalHost(host: string): string {
  return dockerHub.aliases.some((alias) => alias === host) ? dockerHub.host : host;
}
