export type { Xattr } from '../lib/xattr.ts';

/** What an ostree commit says besides its tree. */
export interface CommitOptions {
  subject: string;
  body: string;
  /** Seconds since the epoch. */
  timestamp: number;
  /** `a{sv}` with string values, such as `version` and `ostree.bootable`; see gvariant.ts for other types. */
  metadata: Readonly<Record<string, string | boolean>>;
}
