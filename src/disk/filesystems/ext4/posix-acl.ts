// What programs see: https://man7.org/linux/man-pages/man5/acl.5.html and the kernel's posix_acl_xattr.h; on disk the
// entries that need no number have none.

const [versionInXattr, versionOnDisk] = [2, 1];
const headerSize = 4;
const entrySize = 8;
const tags = { owner: 0x01, user: 0x02, owningGroup: 0x04, group: 0x08, mask: 0x10, other: 0x20 } as const;
const numbered: readonly number[] = [tags.user, tags.group];
const known: readonly number[] = Object.values(tags);

/**
 * An access control list in the form that ext4 stores.
 * @param value of `system.posix_acl_access` or `system.posix_acl_default`, as programs read it
 * @returns undefined if it is none
 */
export function storedAcl(value: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const entries = (bytes.length - headerSize) / entrySize;
  if (!Number.isInteger(entries) || entries < 0 || bytes.readUInt32LE(0) !== versionInXattr) return undefined;
  const version = Buffer.alloc(4);
  version.writeUInt32LE(versionOnDisk);
  const parts: Uint8Array[] = [version];
  for (let at = headerSize; at < bytes.length; at += entrySize) {
    const tag = bytes.readUInt16LE(at);
    if (!known.includes(tag)) return undefined;
    parts.push(bytes.subarray(at, at + (numbered.includes(tag) ? 8 : 4)));
  }
  return Buffer.concat(parts);
}
