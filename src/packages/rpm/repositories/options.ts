// What dnf and yum know of a section, https://dnf.readthedocs.io/en/latest/conf_ref.html: those that are read here, and those that
// say nothing of which packages there are nor how they are checked.

/** Options that have an effect. */
export const readOptions = [
  'baseurl',
  'cost',
  'enabled',
  'exclude',
  'excludepkgs',
  'gpgcheck',
  'gpgkey',
  'includepkgs',
  'metalink',
  'mirrorlist',
  'module_hotfixes',
  'name',
  'password',
  'pkg_gpgcheck',
  'priority',
  'proxy',
  'proxy_password',
  'proxy_username',
  'repo_gpgcheck',
  'skip_if_unavailable',
  'sslcacert',
  'sslclientcert',
  'sslclientkey',
  'sslverify',
  'username',
] as const;

export type RepositoryOption = (typeof readOptions)[number];

/** Options about how and when dnf fetches, which is done differently here. */
const passedOver: ReadonlySet<string> = new Set([
  'bandwidth',
  'build_cache',
  'countme',
  'deltarpm',
  'deltarpm_percentage',
  'enabled_metadata',
  'enablegroups',
  'failovermethod',
  'fastestmirror',
  'http_caching',
  'ip_resolve',
  'keepalive',
  'keepcache',
  'max_parallel_downloads',
  'mediaid',
  'metadata_expire',
  'metadata_expire_filter',
  'minrate',
  'mirrorlist_expire',
  'proxy_auth_method',
  'retries',
  'rpmmd',
  'sslverifystatus',
  'throttle',
  'timeout',
  'type',
  'ui_repoid_vars',
  'user_agent',
]);

/** True for an option that has no effect and of which somebody should know. */
export function isUnknownOption(name: string): boolean {
  return !(readOptions as readonly string[]).includes(name) && !passedOver.has(name);
}
