import type { Config } from '../../../config/load.ts';
import { diskLayoutText } from '../../../contract/disk-layout.ts';
import { formatLockfile } from '../../../contract/lockfile.ts';
import { containerPaths, lockfilePath } from '../../../contract/paths.ts';
import { releaseSettingsText } from '../../../contract/release.ts';
import type { AccountKind } from '../../../lib/accounts.ts';
import { prettyJson } from '../../../lib/canonical-json.ts';
import type { Image } from '../../../oci/image.ts';
import { initramfsCache } from '../../../rootfs/initramfs/cache.ts';
import type { AccountCheck, Mount, RootfsRequest } from '../../../rootfs/request.ts';
import { previousAccounts } from './accounts.ts';
import type { BuildInputs } from './inputs.ts';
import type { InstalledRoot } from './root.ts';

export interface AssemblyInputs {
  inputs: BuildInputs;
  version: string;
  installed: InstalledRoot;
  previous: Image | undefined;
  /** The work directory's `cache/`. */
  cacheDirectory: string;
}

/** Says in the terms of `rootfs/` what the config wants done with the installed root. */
export function rootfsRequest(assembly: AssemblyInputs): RootfsRequest {
  const { inputs, installed, previous } = assembly;
  const { config, overrides } = inputs;
  const { treefile } = config;
  return {
    osName: config.name,
    version: assembly.version,
    basearch: config.basearch,
    timestamp: inputs.timestamp,
    overlays: overrides.rootfs === undefined ? config.overlays : [...config.overlays, overrides.rootfs],
    addedFiles: [...config.addedFiles, ...config.liveFiles],
    units: treefile.units,
    defaultTarget: treefile['default-target'],
    postprocess: config.scripts,
    finalizeScripts: config.finalizeScripts,
    configDirectory: config.directory,
    containerMarker: config.isDerived,
    removeFiles: treefile['remove-files'],
    removeFromPackages: treefile['remove-from-packages'].map(([name = '', ...patterns]) => ({
      package: name,
      patterns,
    })),
    readonlyExecutables: treefile['readonly-executables'] ?? false,
    packages: installed.packages,
    etcGroupMembers: treefile['etc-group-members'],
    users: accountCheck(treefile['check-passwd'], config.accountFiles.passwd, previous, 'user'),
    groups: accountCheck(treefile['check-groups'], config.accountFiles.group, previous, 'group'),
    ignoreRemovedUsers: treefile['ignore-removed-users'],
    ignoreRemovedGroups: treefile['ignore-removed-groups'],
    mutateOsRelease: treefile['mutate-os-release'],
    initramfsArguments: treefile['initramfs-args'],
    optUsrlocal: treefile['opt-usrlocal'] ?? 'var',
    machineIdCompat: treefile['machineid-compat'] ?? true,
    mounts: mountsOf(config),
    embedded: embeddedFiles(config, formatLockfile(inputs.lock)),
    packagesKey: installed.key,
    initramfsCache: initramfsCache(assembly.cacheDirectory),
  };
}

/** What disk.yaml wants mounted. */
function mountsOf({ disk }: Config): Mount[] {
  return (disk?.partitions ?? []).flatMap(({ label, filesystem, mount }) =>
    mount === undefined ? [] : [{ partition: label, filesystem, place: mount }],
  );
}

/** What travels in the container: enough to make every disk image, and to tell how the container was made. */
function embeddedFiles(config: Config, lockText: string): Map<string, string> {
  const { disk, release } = config;
  return new Map([
    [containerPaths.imageConfig, imageConfigText(config)],
    ...(disk === undefined ? [] : [[containerPaths.diskLayout, diskLayoutText(disk)] as const]),
    [containerPaths.platforms, prettyJson(config.platforms)],
    ...(release === undefined ? [] : [[containerPaths.release, releaseSettingsText(release)] as const]),
    [containerPaths.manifest, prettyJson(config.treefile)],
    [lockfilePath(config.basearch), lockText],
  ]);
}

/** The bytes of image.json. */
export function imageConfigText(config: Config): string {
  return prettyJson(config.image);
}

function accountCheck(
  check: Config['treefile']['check-passwd'] | Config['treefile']['check-groups'],
  file: string | undefined,
  previous: Image | undefined,
  kind: AccountKind,
): AccountCheck {
  // As in rpm-ostree: what the previous build had stays, unless the config says otherwise.
  if (check === undefined || check.type === 'previous') return previousAccounts(previous, kind);
  switch (check.type) {
    case 'none':
      return { kind: 'none' };
    case 'file':
      return { kind: 'text', text: file ?? '', origin: check.filename };
    case 'data':
      return {
        kind: 'data',
        ids: new Map(Object.entries(check.entries).map(([name, ids]) => [name, Array.isArray(ids) ? ids : [ids]])),
        origin: kind === 'user' ? 'check-passwd' : 'check-groups',
      };
  }
}
