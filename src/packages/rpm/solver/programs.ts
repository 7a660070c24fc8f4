import { fileURLToPath } from 'node:url';

/**
 * The program that chooses packages, with one generation of dnf's libraries: the first that there is, of those whose names are its
 * arguments. It ends with {@link librariesMissing} where there is none.
 */
export const solverProgram = fileURLToPath(new URL('./solve.py', import.meta.url));

export const librariesMissing = 90;
