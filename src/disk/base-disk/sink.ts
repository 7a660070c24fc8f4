import { type GrubFinder, grubFinder } from '../../contract/grub-program.ts';
import { verificationError } from '../../lib/errors.ts';
import { largestPolicyFile } from '../../ostree/labels/policy.ts';
import type { ContentEntry } from '../../ostree/unpack/layer-objects.ts';
import type { ContentSink } from '../../ostree/unpack.ts';
import { containerPath } from '../deployment/container-path.ts';
import type { StoredObject } from '../deployment/nodes.ts';
import { type DeploymentPlan, mostNames } from '../deployment/plan.ts';
import type { ContentWriter, FilesystemWriter } from '../filesystems/filesystem.ts';
import { byteString, type FileNode, type StoredContent } from '../filesystems/tree.ts';
import { type IgnitionFinder, ignitionFinder } from '../ignition.ts';
import type { BootChecksum } from './boot-checksum.ts';
import { type ContentRole, isOsRelease, type KeptPath } from './roles.ts';

/** What the streaming of a container leaves behind, besides contents in their places. */
export interface SunkContents {
  objects: Map<string, StoredObject>;
  /** Files of the boot filesystem, in the order in which they were stored there. */
  bootFiles: SunkBootFile[];
  /** Files of the EFI system partition by path. */
  espFiles: Map<string, FileNode>;
  kept: Map<KeptPath, Buffer>;
  /** Of live media, as the container brings it. */
  liveMenu: Buffer | undefined;
  /** Undefined if the container has no Ignition. */
  ignition: IgnitionFinder | undefined;
  /** Files of the SELinux policy by path. */
  policyFiles: Map<string, Buffer>;
  /** Names of objects by the index of the layer that holds them. */
  layers: Map<number, Set<string>>;
  /** Undefined unless GRUB is a distribution's own. */
  grub: GrubFinder | undefined;
}

/** A file of the boot filesystem whose content lies in its place. */
interface SunkBootFile {
  /** Relative to the kernel's directory. */
  path: string;
  /** Bytes. */
  size: number;
  uid: number;
  gid: number;
  /** Permission bits. */
  mode: number;
  content: Buffer | StoredContent;
}

export interface SinkTargets {
  root: FilesystemWriter;
  boot: FilesystemWriter;
  esp: FilesystemWriter;
  checksum: BootChecksum;
}

/** Most bytes of a small file that is kept in memory. */
const mostKeptBytes = 1 << 20;
/** A menu that people write has a few kilobytes. */
const mostMenuBytes = 64 * 1024;
/** Most bytes of the boot loaders' files together: FAT keeps them until its end. */
const mostEspBytes = 100 << 20;

/**
 * Most bytes of all contents with their copies. A container's size bounds its contents, and not how often a file stands in
 * /etc, or among the kernel's: a few megabytes could fill any disk of ours.
 */
const mostStoredBytes = 64 * 1024 ** 3;
/** Most bytes of all extended attributes and targets of links, which are kept in memory: a million files have half of it. */
const mostInodeBytes = 128 << 20;

const noBytes = Buffer.alloc(0);

/** Where a content's bytes go besides its object; told when they have all come. */
interface Tap {
  write(chunk: Uint8Array): void;
  close(): void;
}

/** Puts contents where they belong, as they come. */
export function baseDiskSink(
  plan: DeploymentPlan,
  roles: ReadonlyMap<string, readonly ContentRole[]>,
  { root, boot, esp, checksum }: SinkTargets,
): { sink: ContentSink; contents: SunkContents } {
  const contents: SunkContents = {
    objects: new Map(),
    bootFiles: [],
    espFiles: new Map(),
    kept: new Map(),
    liveMenu: undefined,
    ignition: undefined,
    grub: undefined,
    policyFiles: new Map(),
    layers: new Map(),
  };
  let espBytes = 0;
  let storedBytes = 0;
  let inodeBytes = 0;

  /** @throws CosaError `CONTENT_TOO_LARGE`, `CONTAINER_PATH` (exit 4) before anything is stored of what is too much */
  function requireBounds(entry: ContentEntry, ofKernel: number): void {
    const { checksum: name, kind, size, xattrs, symlinkTarget } = entry;
    const names = plan.crowded.get(name);
    if (names !== undefined && (kind === 'symlink' || size > 0)) {
      throw containerPath(`object ${name}`, `has ${names} names; ${mostNames - 1} are possible`);
    }
    storedBytes += size * (1 + (plan.copies.get(name) ?? 0) + ofKernel);
    if (storedBytes > mostStoredBytes) {
      throw tooLarge(
        `files take more than ${mostStoredBytes} bytes of a disk, with the copies in /etc, /var and /boot`,
      );
    }
    inodeBytes += symlinkTarget.length;
    for (const xattr of xattrs) inodeBytes += xattr.name.length + xattr.value.length;
    if (inodeBytes > mostInodeBytes) {
      throw tooLarge(`files have more than ${mostInodeBytes} bytes of extended attributes and targets of links`);
    }
  }

  /** A stored content, or none for an empty file. */
  function storing(
    writer: FilesystemWriter,
    size: number,
    isDense: boolean,
    done: (content: StoredContent | Buffer) => void,
  ): Tap {
    const content: ContentWriter | undefined = size === 0 ? undefined : writer.create(size, isDense);
    return { write: (chunk) => content?.write(chunk), close: () => done(content?.close() ?? noBytes) };
  }

  function tapOf(role: ContentRole, { size, uid, gid, mode, kind }: ContentEntry): Tap {
    switch (role.kind) {
      case 'kernel': {
        if (kind === 'symlink') throw containerPath(role.file.source, 'is a symbolic link');
        const { hashed, file } = role;
        const bootFile: SunkBootFile = { path: file.path, size, uid, gid, mode, content: noBytes };
        contents.bootFiles.push(bootFile);
        const stored = storing(boot, size, true, (content) => {
          bootFile.content = content;
        });
        if (hashed === undefined) return stored;
        return both(stored, { write: (chunk) => checksum.write(hashed, chunk), close: () => checksum.close(hashed) });
      }
      case 'esp': {
        if (kind === 'symlink') throw containerPath(role.source, 'is neither a file nor a directory');
        espBytes += size;
        if (espBytes > mostEspBytes)
          throw containerPath(role.source, `is one of files with more than ${mostEspBytes} bytes`);
        const owner = { uid: 0, gid: 0, mode: 0o644, mtime: plan.commit.timestamp, xattrs: [] };
        return storing(esp, size, false, (content) =>
          contents.espFiles.set(role.path, { kind: 'file', ...owner, content }),
        );
      }
      case 'kept':
        if (kind === 'symlink') {
          // Distributions have a link in the place of one of them.
          if (isOsRelease(role.source)) return nowhere;
          throw containerPath(role.source, 'is not a regular file');
        }
        if (size > mostKeptBytes) throw containerPath(role.source, `has ${size} bytes; ${mostKeptBytes} are permitted`);
        return keeping(size, (bytes) => contents.kept.set(role.source, bytes));
      case 'policy':
        if (kind === 'symlink') throw containerPath(role.path, 'is a symbolic link');
        // Of a file that is too large the beginning does, by which that shows.
        return keeping(Math.min(size, largestPolicyFile), (bytes) => contents.policyFiles.set(role.path, bytes));
      case 'menu':
        if (kind === 'symlink') return nowhere;
        if (size > mostMenuBytes)
          throw tooLarge(`menu of live media has ${size} bytes; ${mostMenuBytes} are permitted`);
        return keeping(size, (bytes) => {
          contents.liveMenu = bytes;
        });
      case 'ignition': {
        const finder = ignitionFinder();
        if (kind === 'file') contents.ignition = finder;
        return { write: finder.write, close: () => undefined };
      }
      case 'grub': {
        const finder = grubFinder();
        contents.grub = finder;
        return { write: finder.write, close: () => undefined };
      }
    }
  }

  async function write(entry: ContentEntry): Promise<void> {
    const { checksum: name, kind, uid, gid, mode, xattrs, size, symlinkTarget } = entry;
    const ownRoles = roles.get(name) ?? [];
    requireBounds(entry, ownRoles.filter((role) => role.kind === 'kernel').length);
    const taps = ownRoles.map((role) => tapOf(role, entry));
    const inode = { uid, gid, mode, mtime: 0, xattrs };
    const copies: StoredContent[] = [];
    if (kind === 'file' && size > 0) {
      const object = root.create(size);
      const others = Array.from({ length: plan.copies.get(name) ?? 0 }, () => root.create(size));
      for await (const chunk of entry.content()) {
        object.write(chunk);
        for (const other of others) other.write(chunk);
        for (const tap of taps) tap.write(chunk);
      }
      contents.objects.set(name, { node: { kind, ...inode, content: object.close() }, copies });
      for (const other of others) copies.push(other.close());
    } else {
      for await (const _chunk of entry.content());
      const node =
        kind === 'symlink'
          ? { kind, ...inode, target: byteString(symlinkTarget) }
          : { kind, ...inode, content: noBytes };
      contents.objects.set(name, { node, copies });
    }
    for (const tap of taps) tap.close();
  }

  function saw(layer: number, name: string): void {
    const names = contents.layers.get(layer) ?? new Set();
    contents.layers.set(layer, names.add(name));
  }

  return { sink: { write, saw }, contents };
}

function tooLarge(problem: string) {
  return verificationError('CONTENT_TOO_LARGE', `the container's ${problem}`, {
    hint: 'no operating system is this large: do not trust the container',
  });
}

const nowhere: Tap = { write: () => undefined, close: () => undefined };

function both(first: Tap, second: Tap): Tap {
  return {
    write(chunk) {
      first.write(chunk);
      second.write(chunk);
    },
    close() {
      first.close();
      second.close();
    },
  };
}

/** @param size how many of the first bytes are kept */
function keeping(size: number, done: (bytes: Buffer) => void): Tap {
  const bytes = Buffer.alloc(size);
  let length = 0;
  return {
    write(chunk) {
      bytes.set(chunk.subarray(0, size - length), length);
      length = Math.min(size, length + chunk.length);
    },
    close: () => done(bytes),
  };
}
