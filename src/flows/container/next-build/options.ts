import type { SbomFormat } from '../../../packages/sbom/formats.ts';
import type { SaidOfConfig } from '../../../workspace/open-config.ts';

/** What a build is told on the command line. */
export interface BuildOptions extends SaidOfConfig {
  /** Tags to set besides the version and `STREAM-candidate`. */
  tags: readonly string[];
  /** Instead of the next version after the previous one. */
  version: string | undefined;
  /** The config's script says which version comes next. */
  versionary?: boolean;
  /** A reference, or `none`; `undefined` for the stream's last build, or the container that `init` recorded. */
  previous: string | undefined;
  /** Build although nothing has changed. */
  force: boolean;
  /** The container's layers altogether. */
  maxLayers: number;
  compression: 'zstd' | 'gzip';
  /** Packages that the config's lockfile does not have are an error. */
  strict?: boolean;
  /** In which formats the list of packages is stored beside the container. */
  sbom: readonly SbomFormat[];
  /** Where the build goes afterwards: a reference, without a tag for version and candidate. */
  push: string | undefined;
}
