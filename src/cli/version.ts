import manifest from '../../package.json' with { type: 'json' };

/** The options that ask for the version. */
export const versionFlags: readonly string[] = ['-V', '--version'];

export const programVersion: string = manifest.version;

/** What they print. */
export const versionLine = `cosa ${programVersion}`;
