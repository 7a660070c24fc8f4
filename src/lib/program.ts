import manifest from '../../package.json' with { type: 'json' };

export const programVersion: string = manifest.version;

/** The program with its version, as what it makes tells of it. */
export const programName = `cosa ${programVersion}`;

/** Where the program and its documentation live. */
export const programAddress: string = manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
