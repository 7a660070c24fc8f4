/** What `documentation: false` leaves out, as `tar --exclude` and `dpkg --path-exclude` patterns. Licences stay. */

/** For tar, whose patterns know no exceptions: everything in a package's directory that is not called `copyright…`. */
const excludedPaths: readonly string[] = [
  'usr/share/doc/*/[!c]*',
  'usr/share/doc/*/c[!o]*',
  'usr/share/doc/*/co[!p]*',
  // What is below an excluded directory is excluded too.
  'usr/share/man/*',
  'usr/share/info/*',
  'usr/share/lintian/*',
  'usr/share/doc-base/*',
];

/** In each way in which archives spell their members. */
export const tarExcludes: readonly string[] = ['./', '/', ''].flatMap((begin) =>
  excludedPaths.map((path) => `${begin}${path}`),
);

/** For dpkg. */
export const dpkgExcludes: readonly string[] = [
  '--path-exclude=/usr/share/doc/*/*',
  '--path-include=/usr/share/doc/*/copyright*',
  '--path-exclude=/usr/share/man/*',
  '--path-exclude=/usr/share/info/*',
  '--path-exclude=/usr/share/lintian/*',
  '--path-exclude=/usr/share/doc-base/*',
];
