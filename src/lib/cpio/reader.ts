import { type ByteSource, byteSource } from '../byte-source.ts';
import { verificationError } from '../errors.ts';
import { alignment, type CpioHeader, headerSize, maximumName, trailerName } from './header.ts';

/** A member of a stream that is being read. */
export interface CpioEntry extends CpioHeader {
  /** Where its header stands in the stream, for messages. */
  offset: number;
  /**
   * The content, as views of the stream's chunks: copy what is to be kept. Good until the next member is asked for; what
   * has not been read by then is skipped.
   * @throws CosaError `CPIO_TRUNCATED` (exit 4)
   */
  content(): AsyncGenerator<Buffer, void, void>;
  /**
   * The content as a whole.
   * @param limit bytes at most, for what is read comes from outside
   * @throws CosaError `CPIO_MEMBER_TOO_LARGE`, `CPIO_TRUNCATED` (exit 4)
   */
  bytes(limit: number): Promise<Buffer>;
}

interface CpioLimits {
  /** Members at most, of all archives of the stream together. */
  members: number;
}

/**
 * What the members are of an archive whose headers are numbers alone, by which files may have 4 GiB and more: those of
 * packages. The stream's other headers are read as they are.
 * https://rpm-software-management.github.io/rpm/manual/large_files.html
 */
export type NumberedMembers = readonly CpioHeader[];

/**
 * Reads the members of a stream of unknown origin as the kernel reads an initramfs: one archive in the format newc or
 * more behind each other, with any number of zeros between and behind them. Trailers are no members. The stream is read
 * to its very end.
 * @throws CosaError `CPIO_INVALID`, `CPIO_TRUNCATED`, `CPIO_MEMBER_TOO_LARGE` (exit 4), and what `chunks` throws
 */
export async function* readCpio(
  chunks: AsyncIterable<Uint8Array>,
  limits: CpioLimits,
  numbered: NumberedMembers = [],
): AsyncGenerator<CpioEntry, void, void> {
  const source = byteSource(chunks);
  let count = 0;
  try {
    for (let first = await skipZeros(source); first.length > 0; first = await skipZeros(source)) {
      for (let begin = first; ; begin = nothing) {
        const offset = source.offset - begin.length;
        const header = await readHeader(source, begin, offset, numbered);
        if (header.path === trailerName) {
          await skip(source, header.size + alignment(header.size), 'within a trailer');
          break;
        }
        count += 1;
        if (count > limits.members) throw invalid(`there are more than ${limits.members} members`);
        const content = contentReader(source, header);
        yield { ...header, offset, content: content.chunks, bytes: content.whole };
        await content.skip();
      }
    }
  } finally {
    await source.close();
  }
}

const nothing = Buffer.alloc(0);

const magicSize = 6;

/** Ends an archive of {@link NumberedMembers}, if no trailer does. */
const endNumber = 0xffffffff;

const noMember = { mode: 0, uid: 0, gid: 0, links: 1, mtime: 0, size: 0 };

/** Reads up to the first byte that is not zero. @returns that byte; nothing at the stream's end */
async function skipZeros(source: ByteSource): Promise<Buffer> {
  for (;;) {
    const byte = await source.take(1);
    if (byte[0] !== 0) return Buffer.from(byte);
  }
}

/** @param begin what was read of the header */
async function readHeader(
  source: ByteSource,
  begin: Buffer,
  offset: number,
  numbered: NumberedMembers,
): Promise<CpioHeader> {
  const magic = Buffer.concat([begin, await source.take(magicSize - begin.length)]);
  if (numbered.length > 0 && magic.toString('latin1') === '07070X') {
    const number = Number.parseInt((await source.take(8)).toString('latin1'), 16);
    await skip(source, alignment(magicSize + 8), 'within a header');
    if (number === endNumber) return { ...noMember, path: trailerName };
    return numbered[number] ?? fail(`the member at offset ${offset} is none of ${numbered.length}`);
  }
  const rest = await source.take(headerSize - magic.length);
  const text = Buffer.concat([magic, rest]).toString('latin1');
  // 070702 has checksums, which the kernel did not read for decades.
  const isHeader = text.length < 6 ? '07070'.startsWith(text) : /^07070[12]/.test(text);
  if (!isHeader) throw invalid(`no header is at offset ${offset}`);
  if (text.length < headerSize) throw truncated(source, 'within a header');
  if (!/^[0-9A-Fa-f]*$/.test(text)) throw invalid(`the header at offset ${offset} has a number that is none`);
  const number = (index: number) => Number.parseInt(text.slice(6 + 8 * index, 14 + 8 * index), 16);
  const nameSize = number(11);
  if (nameSize < 2 || nameSize > maximumName) {
    throw invalid(`the header at offset ${offset} has a name of ${nameSize} bytes`);
  }
  const name = Buffer.from(await source.take(nameSize));
  if (name.length < nameSize) throw truncated(source, 'within a name');
  // Some writers let the content begin at a block of a disk, with more zeros behind the name.
  const length = name.indexOf(0);
  if (length < 1 || name.subarray(length).some((byte) => byte !== 0)) {
    throw invalid(`the name at offset ${offset} does not end where it says`);
  }
  const path = name.toString('utf8', 0, length);
  // What is not UTF-8 would become the same name as something else.
  if (!Buffer.from(path).equals(name.subarray(0, length))) throw invalid(`the name at offset ${offset} is not UTF-8`);
  await skip(source, alignment(headerSize + nameSize), 'behind a name');
  return {
    path,
    mode: number(1),
    uid: number(2),
    gid: number(3),
    links: number(4),
    mtime: number(5),
    size: number(6),
  };
}

function contentReader(source: ByteSource, { path, size }: CpioHeader) {
  let left = size;
  const where = `within ${JSON.stringify(path)}`;

  async function* chunks(): AsyncGenerator<Buffer, void, void> {
    while (left > 0) {
      const chunk = await source.takeSome(left);
      if (chunk.length === 0) throw truncated(source, where);
      left -= chunk.length;
      yield chunk;
    }
  }

  return {
    chunks,
    async whole(limit: number): Promise<Buffer> {
      if (size > limit) {
        throw verificationError(
          'CPIO_MEMBER_TOO_LARGE',
          `cpio: ${JSON.stringify(path)} has ${size} bytes, more than ${limit}`,
        );
      }
      const bytes = Buffer.from(await source.take(left));
      if (bytes.length < left) throw truncated(source, where);
      left = 0;
      return bytes;
    },
    async skip(): Promise<void> {
      await skip(source, left + alignment(size), where);
      left = 0;
    },
  };
}

async function skip(source: ByteSource, count: number, where: string): Promise<void> {
  for (let left = count; left > 0; ) {
    const chunk = await source.takeSome(left);
    if (chunk.length === 0) throw truncated(source, where);
    left -= chunk.length;
  }
}

function truncated(source: ByteSource, where: string): Error {
  return verificationError('CPIO_TRUNCATED', `cpio: the stream ends at offset ${source.offset}, ${where}`);
}

function fail(message: string): never {
  throw invalid(message);
}

function invalid(message: string): Error {
  return verificationError('CPIO_INVALID', `cpio: ${message}`);
}
