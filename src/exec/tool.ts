/** A program of the host that cosa calls, and where to get it: for errors and for `cosa doctor`. */
export interface Tool {
  /** The executable's name, looked up in PATH and the system directories. */
  name: string;
  /** The package that holds it, by distribution family. */
  packages: { deb: string; rpm: string };
  /** What cosa needs it for, as a clause: "writes ext4 filesystems". */
  purpose: string;
  /** True if most work directories never need it: `cosa doctor` tells, and does not complain. */
  optional?: true;
}
