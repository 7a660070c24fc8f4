import { flock } from '../lock.ts';
import { newuidmap, unshare } from '../namespace.ts';
import { bubblewrap } from '../sandbox.ts';
import type { Tool } from '../tool.ts';
import { git } from './git.ts';
import { zstd } from './zstd.ts';

/** Every program of the host that cosa may call: `cosa doctor` looks for each, `scripts/setup` installs what is missing. */
export const tools: readonly Tool[] = [bubblewrap, flock, git, newuidmap, unshare, zstd];
