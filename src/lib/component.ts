/** A group of files that change together: a source package, or a part that the build generates. */
export interface Component {
  /** Source package, or the generated part's name: `initramfs`, `overlay/05core`. */
  name: string;
  /** Names of the binary packages in it, sorted; empty for generated parts. */
  packages: readonly string[];
  /** Seconds since the epoch of the last change known from the packages; 0 where unknown. */
  changed: number;
  /** Absolute paths in the ostree root (`/usr/etc/…`), files and symbolic links alone. */
  paths: readonly string[];
}
