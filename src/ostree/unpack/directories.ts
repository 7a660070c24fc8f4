import type { MetadataObject } from '../types.ts';
import { objectMissing } from './commit-tree.ts';
import type { CommitTree } from './image-tree.ts';
import type { MetadataEntry } from './layer-objects.ts';
import { type ParsedDirmeta, parseCommit, parseDirmeta, parseDirtree } from './metadata.ts';

/** A directory of a commit, with all that is below it. One object may stand in several places of the tree. */
export interface CommitDirectory extends ParsedDirmeta {
  /** Content checksums of files and symbolic links by name. */
  files: ReadonlyMap<string, string>;
  directories: ReadonlyMap<string, CommitDirectory>;
}

/** A commit as it can be walked without waiting. */
export interface CommitDirectories {
  /** Checksum. */
  commit: string;
  /** Seconds since the epoch. */
  timestamp: number;
  /** As its metadata says. */
  version: string | undefined;
  root: CommitDirectory;
  /** Every metadata object that belongs to the commit: itself first, then in the order of the walk. */
  objects: readonly (MetadataObject | Omit<MetadataEntry, 'type'>)[];
}

/**
 * Reads a commit's directories. It should have passed `checkTree`, which bounds how many paths there are.
 * @throws CosaError `OBJECT_MISSING`, `OBJECT_INVALID` (exit 4)
 */
export async function readDirectories(tree: CommitTree): Promise<CommitDirectories> {
  const objects = new Map<string, MetadataObject>();
  const directories = new Map<string, CommitDirectory>();
  const metas = new Map<string, ParsedDirmeta>();

  async function read(kind: MetadataObject['kind'], checksum: string): Promise<Buffer> {
    const bytes = await tree.readMetadata(kind, checksum);
    if (bytes === undefined) throw objectMissing(`${kind} ${checksum}`);
    objects.set(`${kind} ${checksum}`, { kind, checksum, bytes });
    return bytes;
  }

  async function metaOf(checksum: string): Promise<ParsedDirmeta> {
    const known = metas.get(checksum) ?? parseDirmeta(await read('dirmeta', checksum), `dirmeta ${checksum}`);
    metas.set(checksum, known);
    return known;
  }

  async function directoryOf(dirtree: string, dirmeta: string): Promise<CommitDirectory> {
    const key = `${dirtree} ${dirmeta}`;
    const known = directories.get(key);
    if (known !== undefined) return known;
    const meta = await metaOf(dirmeta);
    const parsed = parseDirtree(await read('dirtree', dirtree), `dirtree ${dirtree}`);
    const below = new Map<string, CommitDirectory>();
    for (const { name, tree: belowTree, meta: belowMeta } of parsed.directories) {
      below.set(name, await directoryOf(belowTree, belowMeta));
    }
    const files = new Map(parsed.files.map(({ name, checksum }) => [name, checksum]));
    const directory = { ...meta, files, directories: below };
    directories.set(key, directory);
    return directory;
  }

  const { timestamp, version, rootTree, rootMeta } = parseCommit(
    await read('commit', tree.commit),
    `commit ${tree.commit}`,
  );
  const root = await directoryOf(rootTree, rootMeta);
  const detached = tree.detachedMetadata();
  const commitmeta =
    detached === undefined ? [] : [{ kind: 'commitmeta', checksum: tree.commit, bytes: detached } as const];
  return { commit: tree.commit, timestamp, version, root, objects: [...objects.values(), ...commitmeta] };
}
