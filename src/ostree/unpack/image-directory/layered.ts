import { verificationError } from '../../../lib/errors.ts';

/** A file or symbolic link of an image's directory. */
export type DirectoryFile = { kind: 'file'; content: Buffer } | { kind: 'symlink'; target: string };

/** The files and symbolic links below a directory, by their paths relative to it. */
export type DirectoryFiles = ReadonlyMap<string, DirectoryFile>;

/** What one layer has of the directory. A later entry of a path replaces an earlier one. */
export interface LayerOfDirectory {
  /** Nothing that layers below have in the directory is seen. */
  close(): void;
  /** A path of layers below is not seen, or what they have below it. */
  hide(path: string, kind: 'whiteout' | 'opaque'): void;
  directory(path: string): void;
  /** @throws CosaError `TREE_TOO_LARGE` (exit 4) */
  file(path: string, file: DirectoryFile): void;
  get(path: string): DirectoryFile | undefined;
  /** Puts it below the layers that were added before. */
  finish(): void;
}

/** A directory that is put together from the top layer downwards. */
export interface LayeredDirectory {
  readonly files: DirectoryFiles;
  /** No layer below can add anything. */
  readonly isClosed: boolean;
  layer(): LayerOfDirectory;
}

/** What upper layers have at a path. Of lower ones, only a directory's contents are seen below a directory. */
type State = 'file' | 'directory' | 'whiteout' | 'opaque';

const maximumPaths = 5000;
const maximumBytes = 16 * 1024 * 1024;

/** An empty directory, of no layers yet; all layers together may have no more than a directory of texts has. */
export function layeredDirectory(): LayeredDirectory {
  const states = new Map<string, State>();
  const files = new Map<string, DirectoryFile>();
  let isClosed = false;
  let paths = 0;
  let bytes = 0;

  function count(moreBytes: number): void {
    paths += 1;
    bytes += moreBytes;
    if (paths <= maximumPaths && bytes <= maximumBytes) return;
    throw verificationError(
      'TREE_TOO_LARGE',
      `a directory of the image has more than ${maximumPaths} entries, or ${maximumBytes} bytes`,
    );
  }

  function isHidden(path: string): boolean {
    if (isClosed || states.has(path)) return true;
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      if ((states.get(path.slice(0, slash)) ?? 'directory') !== 'directory') return true;
    }
    return false;
  }

  function layer(): LayerOfDirectory {
    const own = new Map<string, State>();
    const ownFiles = new Map<string, DirectoryFile>();
    let closes = false;
    const mark = (path: string, state: State) => {
      count(0);
      own.set(path, state);
    };
    return {
      close: () => {
        closes = true;
      },
      // A directory that replaces one of lower layers is itself, with nothing of theirs in it.
      hide: (path, kind) => mark(path, own.get(path) === 'directory' ? 'opaque' : kind),
      directory: (path) => {
        ownFiles.delete(path);
        const before = own.get(path);
        mark(path, before === 'whiteout' || before === 'opaque' ? 'opaque' : 'directory');
      },
      file: (path, file) => {
        count(file.kind === 'file' ? file.content.length : 0);
        own.set(path, 'file');
        ownFiles.set(path, file);
      },
      get: (path) => ownFiles.get(path),
      finish: () => {
        for (const [path, file] of ownFiles) if (!isHidden(path)) files.set(path, file);
        for (const [path, state] of own) {
          const before = states.get(path);
          if (before === undefined || (before === 'directory' && state === 'opaque')) states.set(path, state);
        }
        isClosed ||= closes;
      },
    };
  }

  return {
    files,
    get isClosed() {
      return isClosed;
    },
    layer,
  };
}
