import type { Config } from '../../config/load.ts';
import type { Overlay } from '../../config/overlay.ts';
import { type Json, prettyJson } from '../../lib/canonical-json.ts';
import type { Image } from '../../oci/image.ts';
import type { InstalledPackage } from '../../packages/backend.ts';
import type { AccountKind } from '../../rootfs/accounts.ts';
import type { AccountCheck, RootfsRequest } from '../../rootfs/request.ts';
import { previousAccounts } from './accounts.ts';

/** Where the container keeps what disk images are made by: the contract with whoever makes them. */
export const imageConfigPath = '/usr/share/coreos-assembler/image.json';

export interface AssemblyInputs {
  config: Config;
  version: string;
  timestamp: number;
  packages: readonly InstalledPackage[];
  packagesKey: string;
  /** `overrides/rootfs`. */
  overrides: Overlay | undefined;
  /** The text of the lockfile. */
  lockText: string;
  previous: Image | undefined;
  initramfsCache: RootfsRequest['initramfsCache'];
}

/** Says in the terms of `rootfs/` what the config wants done with the installed root. */
export function rootfsRequest(inputs: AssemblyInputs): RootfsRequest {
  const { config, previous } = inputs;
  const { treefile } = config;
  return {
    osName: config.name,
    version: inputs.version,
    basearch: config.basearch,
    timestamp: inputs.timestamp,
    overlays: inputs.overrides === undefined ? config.overlays : [...config.overlays, inputs.overrides],
    units: treefile.units,
    defaultTarget: treefile['default-target'],
    postprocess: config.scripts,
    removeFiles: treefile['remove-files'],
    removeFromPackages: treefile['remove-from-packages'].map(([name = '', ...patterns]) => ({
      package: name,
      patterns,
    })),
    packages: inputs.packages,
    etcGroupMembers: treefile['etc-group-members'],
    users: accountCheck(treefile['check-passwd'], config.accountFiles.passwd, previous, 'user'),
    groups: accountCheck(treefile['check-groups'], config.accountFiles.group, previous, 'group'),
    ignoreRemovedUsers: treefile['ignore-removed-users'],
    ignoreRemovedGroups: treefile['ignore-removed-groups'],
    mutateOsRelease: treefile['mutate-os-release'],
    initramfsArguments: treefile['initramfs-args'],
    machineIdCompat: treefile['machineid-compat'] ?? true,
    embedded: embeddedFiles(config, inputs.lockText),
    packagesKey: inputs.packagesKey,
    initramfsCache: inputs.initramfsCache,
  };
}

/** What travels in the container: enough to make every disk image, and to tell how the container was made. */
function embeddedFiles(config: Config, lockText: string): Map<string, string> {
  return new Map([
    [imageConfigPath, imageConfigText(config)],
    ['/usr/share/coreos-assembler/platforms.json', prettyJson(config.platforms as unknown as Json)],
    [`/usr/share/coreos-assembler/manifest.json`, prettyJson(config.treefile as unknown as Json)],
    [`/usr/share/coreos-assembler/manifest-lock.${config.basearch}.json`, lockText],
  ]);
}

/** The bytes of image.json. */
export function imageConfigText(config: Config): string {
  return prettyJson(config.image as unknown as Json);
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
