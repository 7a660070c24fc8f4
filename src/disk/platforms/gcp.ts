import { serialLast } from './consoles.ts';
import type { Platform } from './platform.ts';

export const gcp: Platform = {
  name: 'gcp',
  title: 'Google Compute Engine',
  consoles: { x86_64: serialLast, aarch64: serialLast },
  sectorSize: 512,
  size: 'image',
  image: 'gcp-tar',
  ignition: { id: 'gcp' },
  start: [
    { does: 'Upload the archive', run: 'gcloud storage cp IMAGE gs://BUCKET/IMAGE' },
    {
      does: 'Make an image of it; for aarch64 add `--architecture ARM64`',
      run: `gcloud compute images create NAME --source-uri gs://BUCKET/IMAGE \\
  --guest-os-features VIRTIO_SCSI_MULTIQUEUE,GVNIC,UEFI_COMPATIBLE`,
    },
    {
      does: 'Start an instance; user data are the configuration',
      run: `gcloud compute instances create VM --image NAME --machine-type e2-small \\
  --metadata-from-file user-data=CONFIG.ign`,
    },
  ],
};
