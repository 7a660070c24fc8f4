import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openScratch } from '../../exec/scratch.ts';
import { checkDetachedSignature, checkDetachedSignatures } from '../../exec/tools/gpgv.ts';
import type { SignatureVerdict } from '../../exec/tools/gpgv-status.ts';
import { printable } from '../../lib/printable.ts';
import { signatureTag, tag } from './header/tags.ts';
import { type HeaderValues, InvalidHeaderError } from './header/values.ts';
import { type RpmParts, readRpmParts, signedValues } from './header.ts';

/** Package files whose headers are held in memory at the same time. */
const filesAtOnce = 40;

/**
 * Checks who signed package files. What is signed is a file's header, which has the hash of the payload; of packages as rpm made
 * them before 4.14, header and payload together.
 * @param files absolute paths
 * @param keyring packets of OpenPGP
 * @returns what each file's signature is worth, in their order
 * @throws CosaError `TOOL_MISSING` (exit 3); the signal's reason
 * @see https://rpm-software-management.github.io/rpm/manual/format_v4.html#signature
 */
export async function checkRpmSignatures(
  files: readonly string[],
  keyring: Uint8Array,
  signal: AbortSignal,
): Promise<SignatureVerdict[]> {
  const verdicts: SignatureVerdict[] = [];
  for (let begin = 0; begin < files.length; begin += filesAtOnce) {
    verdicts.push(...(await checkSome(files.slice(begin, begin + filesAtOnce), keyring, signal)));
  }
  return verdicts;
}

interface SignedFile extends RpmParts {
  file: string;
  /** Of the header; empty if it has none. */
  signature: Buffer;
}

async function checkSome(
  files: readonly string[],
  keyring: Uint8Array,
  signal: AbortSignal,
): Promise<SignatureVerdict[]> {
  const read = await Promise.all(files.map((file) => otherwiseBad(() => readSigned(file, signal))));
  const signed = read.flatMap((item) => ('kind' in item ? [] : [item]));
  const items = signed.map(({ signature, signed: data }) => ({ signature, data }));
  const checked = await checkDetachedSignatures(items, keyring, signal);
  const ofHeader = new Map(signed.map((item, index) => [item, checked[index] ?? { kind: 'none' as const }]));
  const verdicts: SignatureVerdict[] = [];
  for (const item of read) {
    if ('kind' in item) verdicts.push(item);
    else {
      const verdict = ofHeader.get(item) ?? { kind: 'none' };
      verdicts.push(await otherwiseBad(() => checkPayload(item, verdict, keyring, signal)));
    }
  }
  return verdicts;
}

async function otherwiseBad<T>(work: () => Promise<T>): Promise<T | SignatureVerdict> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InvalidHeaderError) return { kind: 'bad', reason: printable(error.message) };
    throw error;
  }
}

async function readSigned(file: string, signal: AbortSignal): Promise<SignedFile> {
  const parts = await readRpmParts(file, signal);
  const { signatures } = parts;
  const texts = signatures.texts(signatureTag.headerOpenPgp).map((text) => Buffer.from(text, 'base64'));
  const packets = packetsOf(signatures, [signatureTag.headerRsa, signatureTag.headerDsa]);
  return { ...parts, file, signature: Buffer.concat([...packets, ...texts]) };
}

function packetsOf(signatures: HeaderValues, tags: readonly number[]): Buffer[] {
  return tags.flatMap((number) => signatures.bytes(number) ?? []);
}

/** What the whole file is worth, when its header's signature is known. */
async function checkPayload(
  item: SignedFile,
  verdict: SignatureVerdict,
  keyring: Uint8Array,
  signal: AbortSignal,
): Promise<SignatureVerdict> {
  const { file, signatures, payloadOffset, signature } = item;
  if (verdict.kind !== 'good' && signature.length > 0) return verdict;
  const digest = verdict.kind === 'good' ? payloadDigest(item) : undefined;
  if (digest !== undefined) {
    if (digest === (await hashFrom(file, payloadOffset, signal))) return verdict;
    return { kind: 'bad', reason: 'its payload is not the one that its header names' };
  }
  const ofBoth = Buffer.concat(packetsOf(signatures, [signatureTag.pgp, signatureTag.gpg]));
  if (ofBoth.length > 0) return checkWhole(item, ofBoth, keyring, signal);
  return signature.length === 0
    ? { kind: 'none' }
    : { kind: 'bad', reason: 'nothing that is signed tells what its payload is' };
}

/** rpm's number of sha256; it writes no other. */
const sha256 = 8;

function payloadDigest(parts: RpmParts): string | undefined {
  const values = signedValues(parts);
  const [algorithm] = values.numbers(tag.payloadDigestAlgorithm);
  return algorithm === sha256 ? values.texts(tag.payloadDigest)[0] : undefined;
}

async function hashFrom(file: string, start: number, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const pieces = createReadStream(file, { start, highWaterMark: 1 << 20, signal });
  for await (const piece of pieces as AsyncIterable<Buffer>) hash.update(piece);
  return hash.digest('hex');
}

async function checkWhole(
  { file, begin }: SignedFile,
  signature: Buffer,
  keyring: Uint8Array,
  signal: AbortSignal,
): Promise<SignatureVerdict> {
  await using scratch = await openScratch(tmpdir());
  const data = join(scratch.path, 'signed');
  await pipeline(createReadStream(file, { start: begin }), createWriteStream(data), { signal });
  return await checkDetachedSignature({ signature, data }, keyring, signal);
}
