/** What `documentation: false` leaves out. Licences stay. */
const documentation = [/^\/usr\/share\/doc\/[^/]+\/(?!cop)./, /^\/usr\/share\/(?:man|info|lintian|doc-base)\/./];

/** Whether a member of a package, given as `/usr/share/man/man1/`, is left out. */
export function isDocumentation(path: string): boolean {
  return documentation.some((pattern) => pattern.test(path));
}

/** Of a package that has an upstream, and of one that has none; the former may have a file of the latter's name, too. */
export const changelogNames = ['changelog.Debian.gz', 'changelog.gz'] as const;

/** Whether a member of a package is its changelog, which is read before documentation is left out. */
export function isChangelog(path: string): boolean {
  const [, directory, name] = /^\/usr\/share\/doc\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  return directory !== undefined && changelogNames.some((changelog) => changelog === name);
}

/** What dpkg leaves out where documentation is not wanted, but for changelogs. */
export const dpkgExcludes: readonly string[] = [
  '--path-exclude=/usr/share/doc/*/*',
  ...changelogNames.map((name) => `--path-include=/usr/share/doc/*/${name}`),
  '--path-include=/usr/share/doc/*/copyright*',
  '--path-exclude=/usr/share/man/*',
  '--path-exclude=/usr/share/info/*',
  '--path-exclude=/usr/share/lintian/*',
  '--path-exclude=/usr/share/doc-base/*',
];
