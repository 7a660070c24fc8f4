/** Symbolic links by their paths. To ask about a path costs no more than its length, whatever was added. */
export interface SymlinkTree {
  add(path: string): void;
  has(path: string): boolean;
  /** The symbolic link that a path lies behind, or `undefined`. */
  above(path: string): string | undefined;
}

interface Node {
  children: Map<string, Node>;
  isLink: boolean;
}

/** Makes an empty tree. Paths are normalized: no slash at either end. */
export function symlinkTree(): SymlinkTree {
  const root = newNode();

  /** The first link on the way, and how far the way leads in it. */
  function follow(path: string): { end: number; isLink: boolean } {
    let node = root;
    for (let begin = 0; begin <= path.length; ) {
      const slash = path.indexOf('/', begin);
      const end = slash === -1 ? path.length : slash;
      const next = node.children.get(path.slice(begin, end));
      if (next === undefined) return { end, isLink: false };
      if (next.isLink) return { end, isLink: true };
      node = next;
      begin = end + 1;
    }
    return { end: path.length, isLink: false };
  }

  return {
    add(path) {
      let node = root;
      for (const name of path.split('/')) {
        const next = node.children.get(name) ?? newNode();
        node.children.set(name, next);
        node = next;
      }
      node.isLink = true;
    },
    has(path) {
      const { end, isLink } = follow(path);
      return isLink && end === path.length;
    },
    above(path) {
      const { end, isLink } = follow(path);
      return isLink && end < path.length ? path.slice(0, end) : undefined;
    },
  };
}

function newNode(): Node {
  return { children: new Map(), isLink: false };
}
