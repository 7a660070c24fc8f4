import { recordDate } from './dates.ts';
import { bothOrders32, sectorBytes } from './numbers.ts';

// Rock Ridge Interchange Protocol, version 1.09, over the System Use Sharing Protocol (IEEE P1281): names, owners and modes.

/** What is said of an entry in a directory. */
export interface RockRidgeNode {
  /** Undefined for `.` and `..`. */
  name: string | undefined;
  isDirectory: boolean;
  /** Names that it has, as POSIX counts them. */
  links: number;
  isRootItself: boolean;
}

/** Where what has no room in a directory goes on: stretches of sectors behind it. */
export interface Continuation {
  /** First sector. */
  readonly sector: number;
  /** @returns where the bytes lie, which no sector's end cuts */
  place(bytes: Buffer): number;
  /** Whole sectors. */
  bytes(): Buffer;
}

export function continuationAt(sector: number): Continuation {
  const parts: Buffer[] = [];
  let length = 0;
  function append(bytes: Buffer): void {
    parts.push(bytes);
    length += bytes.length;
  }
  return {
    sector,
    place(bytes) {
      const rest = sectorBytes - (length % sectorBytes);
      if (bytes.length > rest) append(Buffer.alloc(rest));
      const at = length;
      append(bytes);
      return at;
    },
    bytes: () => Buffer.concat([...parts, Buffer.alloc((sectorBytes - (length % sectorBytes)) % sectorBytes)]),
  };
}

const continuationEntryBytes = 28;
/** A length has one byte, of which the header takes four, and the flags one. */
const mostNameBytes = 250;

/**
 * The system use field of an entry.
 * @param room bytes that it may have in the directory
 */
export function rockRidge(node: RockRidgeNode, timestamp: number, room: number, continuation: Continuation): Buffer {
  const start = [...(node.isRootItself ? [sharingProtocol] : []), attributes(node), times(timestamp)];
  const late = [
    ...(node.isRootItself ? [extensions] : []),
    ...(node.name === undefined ? [] : names(Buffer.from(node.name))),
  ];
  const own = Buffer.concat(start);
  const rest = Buffer.concat(late);
  if (own.length + rest.length <= room) return Buffer.concat([own, rest]);
  const { sector, place } = continuation;
  if (own.length + continuationEntryBytes > room) throw new RangeError('an entry of Rock Ridge does not fit');
  const at = place(rest);
  const pointer = entry(
    'CE',
    bothOrders32(sector + Math.floor(at / sectorBytes)),
    bothOrders32(at % sectorBytes),
    bothOrders32(rest.length),
  );
  return Buffer.concat([own, pointer]);
}

function entry(signature: string, ...fields: readonly Buffer[]): Buffer {
  const data = Buffer.concat(fields);
  return Buffer.concat([Buffer.from(signature), Buffer.from([4 + data.length, 1]), data]);
}

/** SP: that the protocol is used, from the first byte on. */
const sharingProtocol = entry('SP', Buffer.from([0xbe, 0xef, 0]));

/** ER: that it is Rock Ridge which uses it. */
const extensions = (() => {
  const identifier = Buffer.from('RRIP_1991A');
  const description = Buffer.from(
    'THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS',
  );
  return entry('ER', Buffer.from([identifier.length, description.length, 0, 1]), identifier, description);
})();

/** PX. */
function attributes({ isDirectory, links }: RockRidgeNode): Buffer {
  const mode = isDirectory ? 0o040755 : 0o100644;
  return entry('PX', ...[mode, links, 0, 0].map(bothOrders32));
}

/** TF, with the times of modification, access and change. */
function times(timestamp: number): Buffer {
  const date = recordDate(timestamp);
  return entry('TF', Buffer.from([0b1110]), date, date, date);
}

/** NM: as many as the name needs. */
function names(name: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < name.length; at += mostNameBytes) {
    const goesOn = at + mostNameBytes < name.length;
    entries.push(entry('NM', Buffer.from([goesOn ? 1 : 0]), name.subarray(at, at + mostNameBytes)));
  }
  return entries;
}
