/** What a build is told on the command line. */
export interface BuildOptions {
  /** Tags to set besides the version and `STREAM-candidate`. */
  tags: readonly string[];
  /** Instead of the next version after the previous one. */
  version: string | undefined;
  /** A tag in `oci/`, or `none`; `undefined` for the stream's last build. */
  previous: string | undefined;
  /** Build although nothing has changed. */
  force: boolean;
  /** The container's layers altogether. */
  maxLayers: number;
  compression: 'zstd' | 'gzip';
}
