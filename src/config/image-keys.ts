import { imageConfigKeys } from '../contract/image-config.ts';
import type { FileValues, KeyTable, MergedKeyTable, MergedValues } from './key-table.ts';
import { oneOf, oneOrMore, valueType } from './value-types.ts';

/**
 * Keys of image.yaml, with their defaults. The result travels in the container as image.json, and whoever makes disks
 * of it reads nothing else.
 */
export const imageKeys = {
  bootfs: {
    type: oneOf(imageConfigKeys.bootfs.schema),
    merge: 'replace',
    family: 'any',
    description: 'Filesystem of the boot partition.',
    example: 'ext4',
    default: imageConfigKeys.bootfs.default,
  },
  rootfs: {
    type: oneOf(imageConfigKeys.rootfs.schema),
    merge: 'replace',
    family: 'any',
    description:
      'Filesystem of the root partition. ext4 is the same on every host; xfs and btrfs are made by mkfs.xfs (6.17 or newer, an older one as root) and mkfs.btrfs of the host, whose versions then decide the bytes (those of btrfs are never twice the same).',
    example: 'ext4',
    default: imageConfigKeys.rootfs.default,
  },
  'rootfs-args': {
    type: valueType('string, may be empty', imageConfigKeys['rootfs-args'].schema),
    merge: 'replace',
    family: 'any',
    description:
      'What shapes the root filesystem. ext4 takes `-m PERCENT`, the blocks that only root may use (5), and `-i BYTES`, the disk space for each inode (16384); xfs and btrfs take such arguments of their mkfs.',
    example: '-m 1',
    default: imageConfigKeys['rootfs-args'].default,
  },
  composefs: {
    type: valueType(
      'false',
      imageConfigKeys.composefs.schema.refine((value) => !value, {
        error: 'must be false (disks with composefs cannot be written)',
      }),
    ),
    merge: 'replace',
    family: 'any',
    description: 'Whether the root is mounted through composefs. Disks like that cannot be written yet.',
    example: 'false',
    default: imageConfigKeys.composefs.default,
  },
  'extra-kargs': {
    type: valueType('list of strings', imageConfigKeys['extra-kargs'].schema),
    merge: 'joined',
    family: 'any',
    description: 'Kernel arguments of every disk.',
    example: '[rw, mitigations=auto]',
    default: imageConfigKeys['extra-kargs'].default,
  },
  'ignition-network-kcmdline': {
    type: valueType('list of strings', imageConfigKeys['ignition-network-kcmdline'].schema),
    merge: 'joined',
    family: 'any',
    description: 'Kernel arguments of the first boot alone, which bring the network up for Ignition.',
    example: '[ip=dhcp, rd.neednet=1]',
    default: imageConfigKeys['ignition-network-kcmdline'].default,
  },
  size: {
    type: valueType('whole number above 0', imageConfigKeys.size.schema),
    merge: 'replace',
    family: 'any',
    description: 'Size of cloud images, in GiB. The root filesystem grows to the disk at the first boot.',
    example: '10',
    default: imageConfigKeys.size.default,
  },
  platforms: {
    type: valueType('list of platforms', imageConfigKeys.platforms.schema),
    merge: 'joined',
    family: 'any',
    description:
      'The platforms whose disk images `cosa image build` makes where its command line names none; `all` stands for every one.',
    example: '[qemu, metal]',
  },
  compressor: {
    type: oneOf(imageConfigKeys.compressor.schema),
    merge: 'replace',
    family: 'any',
    description:
      'How disk images are compressed for publication: by `cosa image build --compress auto`. Formats that are compressed ' +
      'inside stay as they are.',
    example: 'xz',
    default: imageConfigKeys.compressor.default,
  },
  'platform-compressor': {
    type: valueType('map of platform to compressor', imageConfigKeys['platform-compressor'].schema),
    merge: 'map',
    family: 'any',
    description:
      'Another compressor for some platforms. `zip` is read, and images of such a platform stay as they are.',
    example: '{applehv: gzip}',
    default: imageConfigKeys['platform-compressor'].default,
  },
  'container-imgref': {
    type: valueType('string', imageConfigKeys['container-imgref'].schema),
    merge: 'replace',
    family: 'any',
    description: 'The container reference that an installed system follows for updates.',
    example: 'ostree-unverified-registry:example.com/os:{stream}',
  },
  'ostree-remote': {
    type: valueType('string', imageConfigKeys['ostree-remote'].schema),
    merge: 'replace',
    family: 'any',
    description: 'The ostree remote of an installed system.',
    example: 'example',
    unread: { because: 'an installed system follows a container: container-imgref' },
  },
  'ostree-format': {
    type: valueType('string', imageConfigKeys['ostree-format'].schema),
    merge: 'replace',
    family: 'any',
    description: 'The form of the container.',
    example: 'oci-chunked-v1',
    unread: { because: 'only other tools read it, for containers here have one form', unless: ['oci-chunked-v1'] },
  },
  'bootc-install-to-fs': {
    type: valueType('true or false', imageConfigKeys['bootc-install-to-fs'].schema),
    merge: 'replace',
    family: 'any',
    description: "Whether the container's bootc deploys it on the disk.",
    example: 'true',
    default: imageConfigKeys['bootc-install-to-fs'].default,
    unread: {
      because: 'only other tools read it, for disks are made here without running the container',
      unless: [false],
    },
  },
  'live-rootfs-fstype': {
    type: oneOf(imageConfigKeys['live-rootfs-fstype'].schema),
    merge: 'replace',
    family: 'any',
    description:
      'Filesystem that live media have their root in. EROFS is compressed with zstd, which Linux 6.10 and later read.',
    example: 'squashfs',
    default: imageConfigKeys['live-rootfs-fstype'].default,
  },
  'live-rootfs-fsoptions': {
    type: valueType('string, may be empty', imageConfigKeys['live-rootfs-fsoptions'].schema),
    merge: 'replace',
    family: 'any',
    description:
      'Options of that filesystem: some of mksquashfs (`-comp zstd` or `gzip`, `-Xcompression-level`, `-b`) or of mkfs.erofs (`-zzstd,level=N`, `-C#`: what is compressed at once). The level of zstd is 6 unless told. For EROFS, the default counts as none.',
    example: '-comp zstd',
    default: imageConfigKeys['live-rootfs-fsoptions'].default,
  },
  'vmware-os-type': {
    type: valueType('string', imageConfigKeys['vmware-os-type'].schema),
    merge: 'replace',
    family: 'any',
    description: "VMware's name for the system.",
    example: 'debian12_64Guest',
  },
  'vmware-hw-version': {
    type: valueType('whole number above 0', imageConfigKeys['vmware-hw-version'].schema),
    merge: 'replace',
    family: 'any',
    description: 'Version of the virtual hardware of VMware images.',
    example: '17',
    default: imageConfigKeys['vmware-hw-version'].default,
  },
  'vmware-secure-boot': {
    type: valueType('true or false', imageConfigKeys['vmware-secure-boot'].schema),
    merge: 'replace',
    family: 'any',
    description: 'Whether VMware images boot with Secure Boot.',
    example: 'false',
    default: imageConfigKeys['vmware-secure-boot'].default,
  },
  'aws-imdsv2-only': {
    type: valueType('true or false', imageConfigKeys['aws-imdsv2-only'].schema),
    merge: 'replace',
    family: 'any',
    description:
      'Whether AWS instances refuse the older metadata service. It stands in the record beside the image, for who registers it.',
    example: 'true',
    default: imageConfigKeys['aws-imdsv2-only'].default,
  },
  'aws-volume-type': {
    type: valueType('string', imageConfigKeys['aws-volume-type'].schema),
    merge: 'replace',
    family: 'any',
    description: 'Type of the root volume on AWS. It stands in the record beside the image.',
    example: 'gp3',
    default: imageConfigKeys['aws-volume-type'].default,
  },
  'aws-x86-boot-mode': {
    type: oneOf(imageConfigKeys['aws-x86-boot-mode'].schema),
    merge: 'replace',
    family: 'any',
    description: 'How x86 instances boot on AWS. It stands in the record beside the image.',
    example: 'uefi-preferred',
    default: imageConfigKeys['aws-x86-boot-mode'].default,
  },
} as const satisfies MergedKeyTable;

/** Every key that an image.yaml may have. */
export const imageFileKeys = {
  include: {
    type: oneOrMore,
    family: 'any',
    description:
      'Files of the same kind to build upon, relative to this one; what stands here wins, and a later file wins over an earlier one.',
    example: 'image-base.yaml',
  },
  ...imageKeys,
} as const satisfies KeyTable;

/** The keys of one image.yaml. */
export type ImageFileValues = FileValues<typeof imageFileKeys>;

/** The content of image.json: JSON-able, with every default filled in. */
export type ImageSpecification = MergedValues<typeof imageKeys>;
