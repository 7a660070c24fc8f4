import { gcpTar } from './bundles/gcp-tar.ts';
import { kubevirtArchive } from './bundles/kubevirt-archive.ts';
import { virtualboxOva, vmwareOva } from './bundles/ova.ts';

/** Images that are more than a disk, as platforms name them: what makes the format of each. */
export const bundles = {
  'gcp-tar': () => gcpTar,
  'kubevirt-archive': kubevirtArchive,
  'vmware-ova': vmwareOva,
  'virtualbox-ova': virtualboxOva,
} as const;
