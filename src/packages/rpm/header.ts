import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { CosaError } from '../../lib/errors.ts';
import { printable } from '../../lib/printable.ts';
import { type RpmDependencies, readDependencies } from './header/dependencies.ts';
import { signatureTag, tag } from './header/tags.ts';
import { type HeaderValues, headerLength, InvalidHeaderError, parseHeader } from './header/values.ts';

/** What a package file says of itself. */
export interface RpmHeader extends RpmDependencies {
  name: string;
  epoch?: number;
  version: string;
  release: string;
  /** `x86_64`, `noarch`; of a source package, that which it was made on. */
  architecture: string;
  /** File name of the source package that it was built from; `undefined` of a source package. */
  sourceRpm?: string;
  /** Installed bytes. */
  size: number;
  /** Seconds since the epoch of the newest changelog entry; 0 without one. */
  changed: number;
  /** `cpio`; anything else is older than twenty years. */
  payloadFormat: string;
  /** `zstd`, `xz`, `gzip`, `bzip2`, `lzma`. */
  payloadCompressor: string;
  /** Where the payload begins in the file: it reaches to the file's end. */
  payloadOffset: number;
  /** Hexadecimal digits of the SHA-256 of this header's bytes, if the file says it: then it is right. */
  headerSha256?: string;
  /** Everything else. */
  values: HeaderValues;
}

const leadSize = 96;
const leadMagic = Buffer.from([0xed, 0xab, 0xee, 0xdb]);
/** Magic, version 1, and four bytes of nothing. */
const headerMagic = Buffer.from([0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0]);
/** What tells a header's length. */
const introSize = 8;

/** The parts of a package file in front of its payload. */
export interface RpmParts {
  /** What stands before the package's own header: signatures and checksums. */
  signatures: HeaderValues;
  /** The package's own header, as it is signed: with the magic. */
  signed: Buffer;
  /** Where that begins in the file. */
  begin: number;
  /** Where the payload begins: it reaches to the file's end. */
  payloadOffset: number;
}

/**
 * Reads what stands in front of a package file's payload, without believing it.
 * @throws InvalidHeaderError; the signal's reason
 */
export async function readRpmParts(file: string, signal?: AbortSignal): Promise<RpmParts> {
  await using handle = await open(file);
  const lead = await readExactly(handle, 0, leadSize);
  if (!lead.subarray(0, leadMagic.length).equals(leadMagic)) {
    throw new InvalidHeaderError('it does not begin as one');
  }
  const signatures = await readHeaderBytes(handle, leadSize, signal);
  // The package's own header begins at a multiple of eight.
  const begin = leadSize + Math.ceil(signatures.length / 8) * 8;
  const signed = await readHeaderBytes(handle, begin, signal);
  return {
    signatures: parseHeader(signatures.subarray(headerMagic.length)),
    signed,
    begin,
    payloadOffset: begin + signed.length,
  };
}

/** The values of a header that stands behind the magic. @throws InvalidHeaderError */
export function signedValues({ signed }: RpmParts): HeaderValues {
  return parseHeader(signed.subarray(headerMagic.length));
}

/**
 * Reads the header of a package file; nothing of its payload, and no signature.
 * @param signal ends reading between two parts of the file
 * @throws CosaError `PACKAGE_INVALID`; the signal's reason
 * @see https://rpm-software-management.github.io/rpm/manual/format_v4.html
 */
export async function readRpmHeader(file: string, signal?: AbortSignal): Promise<RpmHeader> {
  try {
    const parts = await readRpmParts(file, signal);
    const headerSha256 = verifiedSha256(parts);
    return {
      ...describePackage(signedValues(parts)),
      payloadOffset: parts.payloadOffset,
      ...(headerSha256 === undefined ? {} : { headerSha256 }),
    };
  } catch (cause) {
    if (cause instanceof InvalidHeaderError) throw invalidRpm(file, cause.message, cause);
    throw cause;
  }
}

/** The error for a file that is not what its name says. */
export function invalidRpm(file: string, reason: string, cause?: unknown): CosaError {
  return new CosaError('PACKAGE_INVALID', `${file} is not an rpm package: ${printable(reason)}`, { cause });
}

/** `EPOCH:VERSION-RELEASE`, without an epoch of 0. */
export function fullVersion({ epoch = 0, version, release }: Pick<RpmHeader, 'epoch' | 'version' | 'release'>): string {
  return `${epoch === 0 ? '' : `${epoch}:`}${version}-${release}`;
}

/** `bash` of `bash-5.2.37-1.fc42.src.rpm`; the package's own name where no source package is told. */
export function sourceName({ name, sourceRpm }: Pick<RpmHeader, 'name' | 'sourceRpm'>): string {
  return /^(.+)-[^-]+-[^-]+$/.exec(sourceRpm ?? '')?.[1] ?? name;
}

/**
 * What a header says: of a package file, or of a package in a database.
 * @throws InvalidHeaderError
 */
export function describePackage(values: HeaderValues): Omit<RpmHeader, 'payloadOffset' | 'headerSha256'> {
  const [epoch] = values.numbers(tag.epoch);
  const sourceRpm = values.text(tag.sourceRpm);
  const isSource = values.has(tag.sourcePackage) || sourceRpm === undefined;
  return {
    name: identifier(values, tag.name, 'name'),
    ...(epoch === undefined ? {} : { epoch }),
    version: identifier(values, tag.version, 'version'),
    release: identifier(values, tag.release, 'release'),
    architecture: identifier(values, tag.architecture, 'architecture'),
    ...(isSource ? {} : { sourceRpm }),
    size: (values.has(tag.longSize) ? values.numbers(tag.longSize) : values.numbers(tag.size))[0] ?? 0,
    changed: values.numbers(tag.changelogTimes).reduce((newest, time) => Math.max(newest, time), 0),
    payloadFormat: values.text(tag.payloadFormat) ?? 'cpio',
    // What rpm takes for granted, too.
    payloadCompressor: values.text(tag.payloadCompressor) ?? 'gzip',
    ...readDependencies(values),
    values,
  };
}

/** Parts of a package's full name stand in file names and on command lines. */
function identifier(values: HeaderValues, number: number, what: string): string {
  const text = values.text(number);
  if (text === undefined) throw new InvalidHeaderError(`it has no ${what}`);
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.+~^%{}-]*$/.test(text)) {
    throw new InvalidHeaderError(`${JSON.stringify(text)} is no ${what}`);
  }
  return text;
}

/** With the magic. */
async function readHeaderBytes(handle: FileHandle, offset: number, signal: AbortSignal | undefined): Promise<Buffer> {
  signal?.throwIfAborted();
  const begin = await readExactly(handle, offset, headerMagic.length + introSize);
  if (!begin.subarray(0, headerMagic.length).equals(headerMagic)) {
    throw new InvalidHeaderError(`no header is at offset ${offset}`);
  }
  return readExactly(handle, offset, headerMagic.length + headerLength(begin.subarray(headerMagic.length)));
}

async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  // Before memory is taken for what a damaged header says.
  const { size } = await handle.stat();
  if (position + length > size) throw new InvalidHeaderError('it is cut off');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw new InvalidHeaderError('it is cut off');
  return buffer;
}

function verifiedSha256({ signatures, signed }: RpmParts): string | undefined {
  const expected = signatures.text(signatureTag.headerSha256);
  if (expected === undefined) return undefined;
  const actual = createHash('sha256').update(signed).digest('hex');
  if (actual !== expected) throw new InvalidHeaderError('its header is damaged');
  return actual;
}
