import { fileURLToPath } from 'node:url';

/**
 * The programs that choose packages, each for one generation of dnf's libraries; the first whose libraries there are is taken.
 * They end with {@link librariesMissing} where there are none.
 */
export const solverPrograms: readonly string[] = [fileURLToPath(new URL('./dnf4.py', import.meta.url))];

export const librariesMissing = 90;
