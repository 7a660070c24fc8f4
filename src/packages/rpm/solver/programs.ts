import { fileURLToPath } from 'node:url';

/**
 * The programs that choose packages, each for one generation of dnf's libraries; the first whose libraries there are is taken.
 * They end with {@link librariesMissing} where there are none.
 */
export const solverPrograms: readonly string[] = ['./dnf4.py', './dnf5.py'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);

export const librariesMissing = 90;
