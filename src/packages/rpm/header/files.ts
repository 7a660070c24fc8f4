import { isUtf8 } from 'node:buffer';
import { posix } from 'node:path';
import { fileFlag, tag } from './tags.ts';
import { type HeaderValues, InvalidHeaderError } from './values.ts';

/** A file of a package, as its header has it. */
export interface RpmFile {
  /** Absolute and normalized; bytes that are no UTF-8 are lost, and {@link isUtf8Path} is false then. */
  path: string;
  isUtf8Path: boolean;
  /** Type and permissions, as `st_mode` has them. */
  mode: number;
  size: number;
  /** Of a symbolic link. */
  linkTarget: string;
  user: string;
  group: string;
  /** True if the package owns it without bringing it. */
  isGhost: boolean;
  /** Files of one number are one file with several names. */
  inode: number;
  /** Seconds since the epoch. */
  mtime: number;
}

/**
 * Every file of a package, in the header's order.
 * @throws InvalidHeaderError for a file of which not all is there, and for a path that is none
 */
export function readFiles(values: HeaderValues): RpmFile[] {
  const names = values.byteTexts(tag.baseNames);
  const directories = values.byteTexts(tag.directoryNames);
  const sizes = values.has(tag.longFileSizes) ? values.numbers(tag.longFileSizes) : values.numbers(tag.fileSizes);
  const lists = {
    directory: values.numbers(tag.directoryIndexes),
    mode: values.numbers(tag.fileModes),
    flags: values.numbers(tag.fileFlags),
    inode: values.numbers(tag.fileInodes),
    mtime: values.numbers(tag.fileTimes),
    size: sizes,
  };
  const texts = {
    user: values.texts(tag.fileUsers),
    group: values.texts(tag.fileGroups),
    linkTarget: values.byteTexts(tag.fileLinks),
  };
  for (const [what, list] of [...Object.entries(lists), ...Object.entries(texts)]) {
    if (list.length !== names.length) {
      throw new InvalidHeaderError(`it has ${names.length} files, and of ${list.length} the ${what}`);
    }
  }
  return names.map((name, index) => {
    const number = (list: readonly number[]) => list[index] as number;
    const directory = directories[number(lists.directory)];
    const bytes = Buffer.concat([directory ?? Buffer.alloc(0), name]);
    const path = bytes.toString('utf8');
    if (!path.startsWith('/') || posix.normalize(path) !== path) {
      throw new InvalidHeaderError(`${JSON.stringify(path)} is the path of no file`);
    }
    return {
      path: path.length > 1 ? path.replace(/\/$/, '') : path,
      isUtf8Path: isUtf8(bytes),
      mode: number(lists.mode),
      size: number(lists.size),
      linkTarget: (texts.linkTarget[index] as Buffer).toString('utf8'),
      user: texts.user[index] as string,
      group: texts.group[index] as string,
      isGhost: (number(lists.flags) & fileFlag.ghost) !== 0,
      inode: number(lists.inode),
      mtime: number(lists.mtime),
    };
  });
}
