import { createHash } from 'node:crypto';
import { chmod, open, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compressorOf, decompressFile, expansionLimits } from '../../disk/image-source/decompress.ts';
import { lockFile, tryLockFile } from '../../exec/lock.ts';
import { type Wait, waitFor } from '../../http/retry.ts';
import { digestFile, digestHex } from '../../lib/digest.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { usageError, verificationError } from '../../lib/errors.ts';
import { commitRename, removeTemporaries, temporaryName } from '../../lib/files.ts';
import { formatBytes } from '../../lib/format.ts';
import { ifExists } from '../../lib/if-exists.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { runStep } from '../../progress/step.ts';
import { downloadFile } from '../../publish/download/download-file.ts';
import { publishedFileName } from '../../publish/download/file-name.ts';
import type { FileSources } from '../../publish/download/file-sources.ts';
import { checkSignature, type Keyring, readKeyring } from '../../publish/download/signature.ts';
import { type ArtifactChoice, chooseArtifacts, type StreamArtifact } from '../../publish/metadata/choose-artifacts.ts';
import type { Session } from '../../workspace/session.ts';
import { openStream, type StreamSource } from './stream/open-stream.ts';

export interface DownloadStreamOptions extends StreamSource {
  choice: ArtifactChoice;
  /** Directory for the files; the one where the command runs unless given. */
  output?: string | undefined;
  /** Path of a keyring: signatures must be good by it. They are not looked at unless given. */
  keyring?: string | undefined;
  /** False to leave the files as they are published. */
  decompress: boolean;
  /** Replace other files that are in the way. */
  force: boolean;
}

export interface DownloadedFile
  extends Pick<StreamArtifact, 'architecture' | 'platform' | 'release' | 'format' | 'part'> {
  location: string;
  /** Absolute. */
  path: string;
  /** Of the file at `path`. */
  sha256: string;
  /** Bytes. */
  size: number;
  /** Fingerprint of the key that signed it; `undefined` where that was not looked at. */
  signedBy: string | undefined;
  /** True if it was there already. */
  present: boolean;
}

const mostSignatureBytes = 64 * 1024;

/**
 * Downloads an image of a stream and verifies it. What is there already is not downloaded; what an attempt that was broken
 * off has brought is not asked for again. A file has its name only once all of it is verified.
 * @throws CosaError `ARTIFACT_UNKNOWN`, `ARTIFACT_AMBIGUOUS`, `DOWNLOAD_EXISTS` (exit 2), `DOWNLOAD_ADDRESS`, `DOWNLOAD_MISMATCH`,
 *   `DOWNLOAD_SIGNATURE` (exit 4), what {@link openStream}, `readKeyring` and servers throw
 */
export async function downloadStream(session: Session, options: DownloadStreamOptions): Promise<DownloadedFile[]> {
  const { directory, keyring } = options;
  const keys = keyring === undefined ? undefined : await readKeyring(resolve(directory, keyring));
  const output = resolve(directory, options.output ?? '.');
  await using opened = await openStream(session, options);
  const artifacts = oneImage(chooseArtifacts(opened.document, options.choice));
  await makeDirectory(output);
  await using _lock = await lockDirectory(session, output);
  const files: DownloadedFile[] = [];
  for (const artifact of artifacts) {
    files.push(await downloadArtifact(session, opened.sources, { artifact, output, keys, options }));
  }
  return files;
}

/** The parts of one image. */
function oneImage(artifacts: readonly [StreamArtifact, ...StreamArtifact[]]): readonly StreamArtifact[] {
  const nameOf = ({ architecture, platform, format }: StreamArtifact) => `${platform} ${format} for ${architecture}`;
  const names = [...new Set(artifacts.map(nameOf))];
  if (names.length === 1) return artifacts;
  throw usageError('ARTIFACT_AMBIGUOUS', `several images fit: ${names.join(', ')}`, {
    hint: 'choose one with --platform, --arch and --format',
  });
}

/** Nothing is left behind by a lock on the directory itself. */
async function lockDirectory({ events, signal }: Session, directory: string): Promise<AsyncDisposable> {
  const lock = await tryLockFile(directory);
  if (lock !== undefined) return lock;
  events({ type: 'warning', message: `waiting for another download to ${directory}`, hint: undefined });
  return lockFile(directory, 'exclusive', signal);
}

interface ArtifactDownload {
  artifact: StreamArtifact;
  output: string;
  keys: Keyring | undefined;
  options: DownloadStreamOptions;
}

async function downloadArtifact(
  session: Session,
  sources: FileSources,
  { artifact, output, keys, options }: ArtifactDownload,
): Promise<DownloadedFile> {
  const { location, sha256, signature = '', 'uncompressed-sha256': uncompressed = '' } = artifact;
  const name = publishedFileName(location);
  const plainName = name.replace(/\.(xz|gz|zst)$/, '');
  const decompresses = options.decompress && uncompressed !== '' && plainName !== name;
  const path = join(output, decompresses ? plainName : name);
  const { architecture, platform, release, format, part } = artifact;
  const described = { architecture, platform, release, format, part, location, path };
  if (keys !== undefined && signature === '') {
    throw verificationError('DOWNLOAD_SIGNATURE', `${location} has no signature in the metadata`, {
      hint: 'without --keyring, checksums alone are verified: they are worth as much as the way the metadata came',
    });
  }
  await removeTemporaries(output, [plainName]);
  const wanted = decompresses ? uncompressed : sha256;
  const there = await presentFile(path, wanted, options.force);
  const partial = join(output, `.${name}.${sha256.slice(0, 16)}.part`);
  await removeOldParts(output, name, partial);
  // Its signature is one of what was downloaded, which is no more.
  if (there !== undefined && (keys === undefined || !decompresses)) {
    const signedBy = keys && (await verifySignature(session, sources, { path, signature, keys }));
    return { ...described, sha256: wanted, size: there, signedBy, present: true };
  }
  const { size } = await runStep(session, `download ${name}`, (reporter) =>
    download(sources, { address: location, sha256, partial }, reporter, session.stores.wait ?? waitFor),
  );
  const signedBy = keys && (await verifySignature(session, sources, { path: partial, signature, keys }));
  if (!decompresses) {
    await commitRename(partial, path);
    return { ...described, sha256, size, signedBy, present: false };
  }
  const plainSize = await runStep(session, `decompress ${name}`, ({ signal }) =>
    decompress(partial, path, uncompressed, signal),
  );
  await rm(partial, { force: true });
  return { ...described, sha256: uncompressed, size: plainSize, signedBy, present: false };
}

async function download(
  sources: FileSources,
  file: Parameters<typeof downloadFile>[1],
  { signal, progress, log, note }: Reporter,
  wait: Wait,
): Promise<{ size: number }> {
  const { size, downloaded } = await downloadFile(sources, file, {
    signal,
    wait,
    warn: log,
    progress: (done, total) => progress(done, total, 'bytes'),
  });
  note(
    downloaded < size ? `${formatBytes(downloaded)} of ${formatBytes(size)}, the rest was there` : formatBytes(size),
  );
  return { size };
}

/** @returns its bytes, if the file is there. @throws CosaError `DOWNLOAD_EXISTS` (exit 2) */
async function presentFile(path: string, sha256: string, force: boolean): Promise<number | undefined> {
  const found = await ifExists(digestFile(path));
  if (found === undefined) return undefined;
  if (digestHex(found.digest) === sha256) return found.size;
  if (force) return undefined;
  throw usageError('DOWNLOAD_EXISTS', `${path} is there, and is another file`, {
    hint: 'name another directory with --output, or replace it with --force',
  });
}

/** What is left of another content with the same name. */
async function removeOldParts(directory: string, name: string, partial: string): Promise<void> {
  for (const other of await readdir(directory)) {
    const isPart = other.startsWith(`.${name}.`) && /\.[0-9a-f]{16}\.part$/.test(other);
    if (isPart && join(directory, other) !== partial) await rm(join(directory, other), { force: true });
  }
}

async function verifySignature(
  session: Session,
  sources: FileSources,
  { path, signature, keys }: { path: string; signature: string; keys: Keyring },
): Promise<string> {
  return runStep(session, 'verify signature', async ({ signal, note }) => {
    const bytes = await sources.read(signature, mostSignatureBytes, signal);
    const fingerprint = await checkSignature(path, bytes, keys, signature, signal);
    note(`by ${fingerprint}`);
    return fingerprint;
  });
}

/** @returns bytes of what comes out */
async function decompress(from: string, to: string, sha256: string, signal: AbortSignal): Promise<number> {
  const compressor = compressorOf(await headOf(from));
  if (compressor === undefined) {
    throw verificationError('DOWNLOAD_MISMATCH', `${from} is not compressed as its name says`, {
      hint: 'download it as it is, with --no-decompress',
    });
  }
  const temporary = temporaryName(to);
  const hash = createHash('sha256');
  try {
    const limits = expansionLimits((await stat(from)).size, undefined);
    const { size } = await decompressFile(
      from,
      temporary,
      compressor,
      limits,
      signal,
      (chunk) => void hash.update(chunk),
    );
    const found = hash.digest('hex');
    if (found !== sha256) {
      throw verificationError('DOWNLOAD_MISMATCH', `what comes out of ${from} has the sha256 ${found}`, {
        hint: `it should be ${sha256}: ask who publishes it, or download it as it is, with --no-decompress`,
      });
    }
    await chmod(temporary, 0o644);
    await commitRename(temporary, to);
    return size;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function headOf(path: string): Promise<Buffer> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(6), 0, 6, 0);
  return buffer.subarray(0, bytesRead);
}
