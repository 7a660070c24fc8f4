import { createHash } from 'node:crypto';

/** Kinds of packets, https://www.rfc-editor.org/rfc/rfc9580#section-5. */
const packetTag = { signature: 2, publicKey: 6, publicSubkey: 14 };

/** Kinds of signatures that revoke the key before them, https://www.rfc-editor.org/rfc/rfc9580#section-5.2.1. */
const revocations: ReadonlySet<number> = new Set([0x20, 0x28]);

/**
 * The keys of a keyring that it says are revoked, as fingerprints in capitals. Nothing is checked: whoever wrote the keyring is
 * trusted to say which keys there are, and so which there are no longer.
 */
export function revokedKeys(keyring: Uint8Array): ReadonlySet<string> {
  const revoked = new Set<string>();
  let current = '';
  for (const { tag, body } of packetsOf(Buffer.from(keyring))) {
    if (tag === packetTag.publicKey || tag === packetTag.publicSubkey) current = fingerprintOf(body);
    else if (tag === packetTag.signature && body[0] === 4 && revocations.has(body[1] ?? 0)) revoked.add(current);
  }
  return revoked;
}

/** Of version 4: https://www.rfc-editor.org/rfc/rfc9580#section-5.5.4.2 */
function fingerprintOf(body: Buffer): string {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length & 0xffff);
  return createHash('sha1').update(Buffer.of(0x99)).update(length).update(body).digest('hex').toUpperCase();
}

interface Packet {
  tag: number;
  body: Buffer;
}

/** Those up to the first that is cut off or of no known length: https://www.rfc-editor.org/rfc/rfc9580#section-4.2 */
function* packetsOf(bytes: Buffer): Generator<Packet> {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const first = bytes.readUInt8(at);
    const isNew = (first & 0x40) !== 0;
    const size = isNew ? newLength(bytes, at + 1) : oldLength(bytes, at + 1, first & 3);
    if ((first & 0x80) === 0 || size === undefined) return;
    const begin = at + 1 + size.bytes;
    if (begin + size.length > bytes.length) return;
    yield { tag: isNew ? first & 0x3f : (first >> 2) & 0xf, body: bytes.subarray(begin, begin + size.length) };
    at = begin + size.length;
  }
}

type Length = { bytes: number; length: number } | undefined;

function newLength(bytes: Buffer, at: number): Length {
  const first = bytes.readUInt8(at);
  if (first < 192) return { bytes: 1, length: first };
  if (first < 224 && at + 2 <= bytes.length) {
    return { bytes: 2, length: ((first - 192) << 8) + bytes.readUInt8(at + 1) + 192 };
  }
  return first === 255 && at + 5 <= bytes.length ? { bytes: 5, length: bytes.readUInt32BE(at + 1) } : undefined;
}

function oldLength(bytes: Buffer, at: number, type: number): Length {
  const size = [1, 2, 4][type];
  return size === undefined || at + size > bytes.length
    ? undefined
    : { bytes: size, length: bytes.readUIntBE(at, size) };
}
