import { z } from 'zod';
import type { FileValues, KeyTable, MergedKeyTable, MergedValues } from './key-table.ts';
import { anyText, choice, flag, oneOrMore, positiveNumber, text, textList, valueType } from './value-types.ts';

const notPublished = { because: 'disk images are not compressed for publication yet' };
const noLiveImages = { because: 'there are no live images yet' };
const noVmwareImages = { because: 'there are no VMware images yet' };
const noAwsImages = { because: 'there are no AWS images yet' };

const compressors = ['xz', 'gzip', 'zstd', 'none'] as const;

/**
 * Keys of image.yaml, with their defaults. The result travels in the container as image.json, and whoever makes disks
 * of it reads nothing else.
 */
export const imageKeys = {
  bootfs: {
    type: choice('ext4'),
    merge: 'replace',
    family: 'any',
    description: 'Filesystem of the boot partition.',
    example: 'ext4',
    default: 'ext4',
  },
  rootfs: {
    type: choice('xfs', 'ext4'),
    merge: 'replace',
    family: 'any',
    description: 'Filesystem of the root partition.',
    example: 'ext4',
    default: 'xfs',
  },
  'rootfs-args': {
    type: anyText,
    merge: 'replace',
    family: 'any',
    description: 'Further arguments of the program that makes the root filesystem.',
    example: '-m reflink=1',
    default: '',
  },
  composefs: {
    type: valueType(
      'false',
      z.boolean().refine((value) => !value, { error: 'must be false (disks with composefs cannot be written)' }),
    ),
    merge: 'replace',
    family: 'any',
    description: 'Whether the root is mounted through composefs. Disks like that cannot be written yet.',
    example: 'false',
    default: false,
  },
  'extra-kargs': {
    type: textList,
    merge: 'unique',
    family: 'any',
    description: 'Kernel arguments of every disk.',
    example: '[rw, mitigations=auto]',
    default: [],
  },
  'ignition-network-kcmdline': {
    type: textList,
    merge: 'unique',
    family: 'any',
    description: 'Kernel arguments of the first boot alone, which bring the network up for Ignition.',
    example: '[ip=dhcp, rd.neednet=1]',
    default: [],
  },
  size: {
    type: positiveNumber,
    merge: 'replace',
    family: 'any',
    description: 'Size of cloud images, in GiB. The root filesystem grows to the disk at the first boot.',
    example: '10',
    default: 10,
  },
  compressor: {
    type: choice(...compressors),
    merge: 'replace',
    family: 'any',
    description: 'How disk images are compressed for publication.',
    example: 'xz',
    default: 'gzip',
    unread: notPublished,
  },
  'platform-compressor': {
    type: valueType('map of platform to compressor', z.record(z.string(), z.enum(compressors))),
    merge: 'map',
    family: 'any',
    description: 'Another compressor for some platforms.',
    example: '{applehv: gzip}',
    default: {},
    unread: notPublished,
  },
  'container-imgref': {
    type: text,
    merge: 'replace',
    family: 'any',
    description: 'The container reference that an installed system follows for updates.',
    example: 'ostree-unverified-registry:example.com/os:{stream}',
  },
  'ostree-remote': {
    type: text,
    merge: 'replace',
    family: 'any',
    description: 'The ostree remote of an installed system.',
    example: 'example',
    unread: { because: 'an installed system follows a container: container-imgref' },
  },
  'ostree-format': {
    type: text,
    merge: 'replace',
    family: 'any',
    description: 'The form of the container. There is one; the key is accepted for the sake of older configs.',
    example: 'oci-chunked-v1',
    unread: { because: 'containers have one form', unless: ['oci-chunked-v1'] },
  },
  'bootc-install-to-fs': {
    type: flag,
    merge: 'replace',
    family: 'any',
    description: "Whether the container's bootc deploys it on the disk.",
    example: 'true',
    default: false,
    unread: { because: 'disks are made without running the container', unless: [false] },
  },
  'live-rootfs-fstype': {
    type: choice('squashfs', 'erofs'),
    merge: 'replace',
    family: 'any',
    description: 'Filesystem of the live image.',
    example: 'squashfs',
    default: 'squashfs',
    unread: noLiveImages,
  },
  'live-rootfs-fsoptions': {
    type: anyText,
    merge: 'replace',
    family: 'any',
    description: 'Arguments of the program that makes the live filesystem.',
    example: '-comp zstd',
    default: '-comp zstd',
    unread: noLiveImages,
  },
  'vmware-os-type': {
    type: text,
    merge: 'replace',
    family: 'any',
    description: "VMware's name for the system.",
    example: 'debian12_64Guest',
    unread: noVmwareImages,
  },
  'vmware-hw-version': {
    type: positiveNumber,
    merge: 'replace',
    family: 'any',
    description: 'Version of the virtual hardware of VMware images.',
    example: '17',
    default: 13,
    unread: noVmwareImages,
  },
  'vmware-secure-boot': {
    type: flag,
    merge: 'replace',
    family: 'any',
    description: 'Whether VMware images boot with Secure Boot.',
    example: 'false',
    default: true,
    unread: noVmwareImages,
  },
  'aws-imdsv2-only': {
    type: flag,
    merge: 'replace',
    family: 'any',
    description: 'Whether AWS instances refuse the older metadata service.',
    example: 'true',
    default: true,
    unread: noAwsImages,
  },
  'aws-volume-type': {
    type: text,
    merge: 'replace',
    family: 'any',
    description: 'Type of the root volume on AWS.',
    example: 'gp3',
    default: 'gp3',
    unread: noAwsImages,
  },
  'aws-x86-boot-mode': {
    type: choice('uefi-preferred', 'uefi', 'legacy-bios'),
    merge: 'replace',
    family: 'any',
    description: 'How x86 instances boot on AWS.',
    example: 'uefi-preferred',
    default: 'uefi-preferred',
    unread: noAwsImages,
  },
} as const satisfies MergedKeyTable;

/** Every key that an image.yaml may have. */
export const imageFileKeys = {
  include: {
    type: oneOrMore,
    family: 'any',
    description: 'Files of the same kind to build upon, relative to this one; what stands here wins.',
    example: 'image-base.yaml',
  },
  ...imageKeys,
} as const satisfies KeyTable;

/** The keys of one image.yaml. */
export type ImageFileValues = FileValues<typeof imageFileKeys>;

/** The content of image.json: JSON-able, with every default filled in. */
export type ImageSpecification = MergedValues<typeof imageKeys>;
