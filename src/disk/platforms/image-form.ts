/** What an image's files are: a disk image format, a bundle of one with other things, or live media. */
interface ImageFormRow {
  /** The file name's ending, without the dot. */
  extension: string;
  /** What it is made of, besides the platform's disk itself. */
  holds?: 'qcow2' | 'vmdk' | 'metal disks';
  /** Compressed inside: then it is not compressed again. */
  isCompressed?: true;
  /** What it is, for people. */
  title: string;
}

/** All forms that images have; platforms name theirs. */
const imageForms = {
  raw: { extension: 'raw', title: 'the disk as it is' },
  qcow2: { extension: 'qcow2', title: "QEMU's format, not compressed inside" },
  'qcow2-compressed': { extension: 'qcow2', isCompressed: true, title: "QEMU's format, compressed inside" },
  vmdk: { extension: 'vmdk', isCompressed: true, title: "VMware's format for streams, compressed inside" },
  vhd: { extension: 'vhd', title: "Microsoft's older format, of fixed size" },
  vhdx: { extension: 'vhdx', title: "Microsoft's newer format" },
  'vmware-ova': {
    extension: 'ova',
    holds: 'vmdk',
    isCompressed: true,
    title: 'an OVF description of the machine, with a vmdk, in a tar',
  },
  'virtualbox-ova': {
    extension: 'ova',
    holds: 'vmdk',
    isCompressed: true,
    title: 'an OVF description of the machine, with a vmdk, in a tar',
  },
  'gcp-tar': { extension: 'tar.gz', isCompressed: true, title: 'the disk in a sparse tar, compressed' },
  'kubevirt-archive': {
    extension: 'ociarchive',
    holds: 'qcow2',
    isCompressed: true,
    title: 'a container that holds a qcow2, as an OCI archive',
  },
  'live-iso': {
    extension: 'iso',
    holds: 'metal disks',
    isCompressed: true,
    title: 'for CD-ROMs and USB sticks: a live system, and what it installs',
  },
  'live-pxe': {
    extension: 'pxe',
    holds: 'metal disks',
    isCompressed: true,
    title: 'kernel, initramfs and root filesystem, each a file',
  },
} as const satisfies Record<string, ImageFormRow>;

export type ImageForm = keyof typeof imageForms;

/** Those of live media, which are made of the disks of metal. */
export type LiveForm = 'live-iso' | 'live-pxe';

/** Those of one disk. */
export type DiskForm = Exclude<ImageForm, LiveForm>;

export function isLiveForm(form: ImageForm): form is LiveForm {
  return form === 'live-iso' || form === 'live-pxe';
}

/** The row of a form. */
export function imageForm(form: ImageForm): ImageFormRow {
  return imageForms[form];
}
