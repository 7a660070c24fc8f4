import { flock } from '../lock.ts';
import { newuidmap, unshare } from '../namespace.ts';
import { bubblewrap } from '../sandbox.ts';
import type { Tool } from '../tool.ts';

/** Every program of the host that cosa may call: `cosa doctor` looks for each, `scripts/setup` installs what is missing. */
export const tools: readonly Tool[] = [bubblewrap, flock, newuidmap, unshare];
