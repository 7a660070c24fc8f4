/** What `documentation: false` leaves out. Licences stay. */
const documentation = [/^\/usr\/share\/doc\/[^/]+\/(?!cop)./, /^\/usr\/share\/(?:man|info|lintian|doc-base)\/./];

/** Whether a member of a package, given as `/usr/share/man/man1/`, is left out. */
export function isDocumentation(path: string): boolean {
  return documentation.some((pattern) => pattern.test(path));
}

/** The same, for dpkg. */
export const dpkgExcludes: readonly string[] = [
  '--path-exclude=/usr/share/doc/*/*',
  '--path-include=/usr/share/doc/*/copyright*',
  '--path-exclude=/usr/share/man/*',
  '--path-exclude=/usr/share/info/*',
  '--path-exclude=/usr/share/lintian/*',
  '--path-exclude=/usr/share/doc-base/*',
];
