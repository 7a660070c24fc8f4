import { flock } from '../lock.ts';
import { newuidmap, unshare } from '../namespace.ts';
import { bubblewrap } from '../sandbox.ts';
import type { Tool } from '../tool.ts';
import { coreutilsCopy } from './cp.ts';
import { git } from './git.ts';
import { tar } from './tar.ts';
import { zstd } from './zstd.ts';

/** Every program of the host that cosa may call: `cosa doctor` looks for each, `scripts/setup` installs what is missing. */
export const tools: readonly Tool[] = [bubblewrap, coreutilsCopy, flock, git, newuidmap, tar, unshare, zstd];
