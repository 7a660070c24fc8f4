import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCache, readCachedText } from '../../cache/cache.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import { publicKeysOf } from '../../exec/tools/gpgv.ts';
import { loggedAddress } from '../../http/log.ts';
import { createAttempts, waitFor } from '../../http/retry.ts';
import { sha256Hex } from '../../lib/digest.ts';
import { CosaError, usageError } from '../../lib/errors.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { compareBytes } from '../../lib/order.ts';
import type { BackendContext } from '../backend.ts';
import { keyringPackage } from '../distributions.ts';
import { positionOfOption } from './repositories/section.ts';
import type { RpmRepository } from './repositories.ts';
import type { RepositoryServers } from './servers.ts';

/** The public keys that a config trusts. */
export interface TrustedKeys {
  /** Each file's keys as packets of OpenPGP, in a definite order. */
  files: readonly Buffer[];
  /** Hex sha256 of them all, and of the rules by which signatures are judged. */
  fingerprint: string;
  /** True if one of them was fetched earlier: its server may have others by now. */
  isKept: boolean;
}

/** Changes with the rules: what older ones have taken is checked again. */
const signatureRules = 'signatures/2';

/** Bytes; a file with all keys of a distribution has fewer. */
const mostKeyBytes = 1024 * 1024;

/**
 * Reads the keys of repositories. Those of any section count for all: a pool without a key of its own has packages that the
 * others' keys have signed.
 * @param anew true fetches again what was fetched earlier
 * @throws CosaError `REPOSITORY_KEY_MISSING`, `KEYRING_INVALID` (exit 2) with the line; what `Mirrors.read` throws
 */
export async function readTrustedKeys(
  repositories: readonly RpmRepository[],
  servers: RepositoryServers,
  context: BackendContext,
  anew = false,
): Promise<TrustedKeys> {
  const named = new Map<string, { repository: RpmRepository; address: string }>();
  for (const repository of repositories) {
    for (const address of repository.keys)
      named.set(`${dirname(repository.file.path)} ${address}`, { repository, address });
  }
  const read = await Promise.all(
    [...named.values()].map(({ repository, address }) => readKey(repository, address, servers, context, anew)),
  );
  const files = read
    .map(({ packets }) => packets)
    .sort((a, b) => compareBytes(a.toString('latin1'), b.toString('latin1')));
  return {
    files,
    fingerprint: sha256Hex([signatureRules, ...files.map((packets) => sha256Hex(packets))].join('\n')),
    isKept: read.some(({ isKept }) => isKept),
  };
}

interface ReadKey {
  packets: Buffer;
  isKept: boolean;
}

async function readKey(
  repository: RpmRepository,
  address: string,
  servers: RepositoryServers,
  context: BackendContext,
  anew: boolean,
): Promise<ReadKey> {
  const read = /^https?:/i.test(address)
    ? await fetchKey(repository, address, servers, context, anew)
    : { packets: publicKeysOf(await readLocalKey(repository, address)), isKept: false };
  const { packets, isKept } = read;
  if (packets !== undefined) return { packets, isKept };
  throw usageError('KEYRING_INVALID', `${address} holds no public key of OpenPGP`, {
    where: await positionOfOption(repository.file, 'gpgkey'),
    hint: 'write it with gpg --armor --export KEY > FILE',
  });
}

async function fetchKey(
  repository: RpmRepository,
  address: string,
  servers: RepositoryServers,
  { cacheDirectory, reporter }: BackendContext,
  anew: boolean,
): Promise<{ packets: Buffer | undefined; isKept: boolean }> {
  const name = sha256Hex(address);
  const kept = anew ? undefined : await readCachedText(cacheDirectory, cacheKinds.keys, name);
  if (kept !== undefined) return { packets: Buffer.from(kept, 'base64'), isKept: true };
  const packets = publicKeysOf(await readRemoteKey(repository, address, servers, reporter));
  if (packets === undefined) return { packets, isKept: false };
  await using cache = await openCache(cacheDirectory, cacheKinds.keys);
  await cache.writeText(name, packets.toString('base64'));
  await cache.trim();
  return { packets, isKept: false };
}

async function readRemoteKey(
  repository: RpmRepository,
  address: string,
  servers: RepositoryServers,
  { signal, log }: BackendContext['reporter'],
): Promise<Buffer> {
  const attempts = createAttempts({ wait: waitFor, warn: log }, `the key ${loggedAddress(new URL(address))}`, signal);
  for (;;) {
    try {
      return (await servers.of(repository).read(new URL(address), mostKeyBytes, signal)).bytes;
    } catch (error) {
      signal.throwIfAborted();
      await attempts.failed(error).catch(async () => {
        throw await keyUnreachable(repository, address, error);
      });
    }
  }
}

async function keyUnreachable({ file }: RpmRepository, address: string, cause: unknown): Promise<CosaError> {
  const subject = `the key of the repository "${file.name}" cannot be fetched`;
  const message = `${subject}: ${cause instanceof Error ? cause.message : String(cause)}`;
  const hint = `check the address; or put the key beside the .repo file, and name it with gpgkey: ${basename(new URL(address).pathname)}`;
  if (cause instanceof CosaError && cause.code === 'MIRROR_NOT_FOUND') {
    return usageError('REPOSITORY_KEY_MISSING', message, {
      where: await positionOfOption(file, 'gpgkey'),
      hint,
      cause,
    });
  }
  return new CosaError('REPOSITORY_UNREACHABLE', message, { hint, cause });
}

/** The directories of a host's keys: a config may have them below itself, or beside the repository file. */
const hostDirectories = ['/etc/pki/rpm-gpg/', '/usr/share/distribution-gpg-keys/'];

async function readLocalKey(repository: RpmRepository, address: string): Promise<Buffer> {
  const path = address.startsWith('file:') ? fileURLToPath(new URL(address)) : address;
  const base = dirname(repository.file.path);
  const isHosts = hostDirectories.some((directory) => path.startsWith(directory));
  const candidates = isHosts ? [join(base, path), join(base, basename(path)), path] : [resolve(base, path)];
  for (const candidate of candidates) {
    const bytes = await ifExists(readFile(candidate));
    if (bytes !== undefined) return bytes.length > mostKeyBytes ? Buffer.alloc(0) : bytes;
  }
  throw await keyMissing(repository, path);
}

async function keyMissing({ file }: RpmRepository, path: string): Promise<CosaError> {
  const holder = keyringPackage(path);
  const beside = `put the key beside the .repo file, as ${basename(path)}`;
  return usageError('REPOSITORY_KEY_MISSING', `the repository's key ${path} cannot be read`, {
    where: await positionOfOption(file, 'gpgkey'),
    hint: holder === undefined ? beside : `${beside}, or install ${holder}`,
  });
}
