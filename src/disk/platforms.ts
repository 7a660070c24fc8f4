import { type ArchitectureName, architectureNames } from '../lib/architecture.ts';
import { usageError } from '../lib/errors.ts';
import { nearest } from '../lib/nearest.ts';
import { compareBytes } from '../lib/order.ts';
import { aliyun } from './platforms/aliyun.ts';
import { applehv } from './platforms/applehv.ts';
import { aws } from './platforms/aws.ts';
import { azure, azurestack } from './platforms/azure.ts';
import { digitalocean } from './platforms/digitalocean.ts';
import { exoscale } from './platforms/exoscale.ts';
import { gcp } from './platforms/gcp.ts';
import { hetzner } from './platforms/hetzner.ts';
import { hyperv } from './platforms/hyperv.ts';
import { ibmcloud } from './platforms/ibmcloud.ts';
import { kubevirt } from './platforms/kubevirt.ts';
import { liveIso, livePxe } from './platforms/live.ts';
import { metal, metal4k } from './platforms/metal.ts';
import { nutanix } from './platforms/nutanix.ts';
import { openstack } from './platforms/openstack.ts';
import { oraclecloud } from './platforms/oraclecloud.ts';
import type { Platform } from './platforms/platform.ts';
import { proxmoxve } from './platforms/proxmoxve.ts';
import { qemu } from './platforms/qemu.ts';
import { virtualbox } from './platforms/virtualbox.ts';
import { vmware } from './platforms/vmware.ts';
import { vultr } from './platforms/vultr.ts';

/** Every platform that disk images can be made for, sorted by name. */
export const platforms: readonly Platform[] = [
  aliyun,
  applehv,
  aws,
  azure,
  azurestack,
  digitalocean,
  exoscale,
  gcp,
  hetzner,
  hyperv,
  ibmcloud,
  kubevirt,
  liveIso,
  livePxe,
  metal,
  metal4k,
  nutanix,
  openstack,
  oraclecloud,
  proxmoxve,
  qemu,
  virtualbox,
  vmware,
  vultr,
].sort((a, b) => compareBytes(a.name, b.name));

/** What stands for every platform that the container's architecture has. */
export const allPlatforms = 'all';

/** Names that stand for several platforms. */
const platformFamilies: ReadonlyMap<string, readonly Platform[]> = new Map([['live', [liveIso, livePxe]]]);

/** Every name that images can be asked for by. */
export const platformChoices: readonly string[] = [
  allPlatforms,
  ...platformFamilies.keys(),
  ...platforms.map(({ name }) => name),
];

/**
 * The platforms that a name stands for, {@link allPlatforms} not among the names.
 * @throws CosaError `PLATFORM_UNKNOWN` (exit 2) with the nearest names
 */
export function platformsNamed(name: string): readonly Platform[] {
  return platformFamilies.get(name) ?? [findPlatform(name)];
}

/** Names that are suggested for one that there is not. */
const suggestions = 3;

/**
 * The platform of this name.
 * @throws CosaError `PLATFORM_UNKNOWN` (exit 2) with the nearest names
 */
export function findPlatform(name: string): Platform {
  const found = platforms.find((platform) => platform.name === name);
  if (found !== undefined) return found;
  const names = platforms.map((platform) => platform.name);
  const near = nearest(name, platformChoices, suggestions).map((candidate) => `"${candidate}"`);
  throw usageError('PLATFORM_UNKNOWN', `"${name}" is not a platform that disk images can be made for`, {
    hint: near.length === 0 ? `there are: ${names.join(', ')}` : `did you mean ${near.join(' or ')}?`,
  });
}

/** The architectures that a platform has, in the order of the table of architectures. */
export function architecturesOf({ consoles }: Platform): ArchitectureName[] {
  return architectureNames.filter((name) => consoles[name] !== undefined);
}
