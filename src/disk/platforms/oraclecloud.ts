import { firmwareConsole } from './consoles.ts';
import type { Platform } from './platform.ts';

export const oraclecloud: Platform = {
  name: 'oraclecloud',
  title: 'Oracle Cloud Infrastructure',
  consoles: { x86_64: firmwareConsole, aarch64: firmwareConsole },
  sectorSize: 512,
  size: 'image',
  image: 'qcow2',
  ignition: { id: 'oraclecloud' },
  start: [
    { does: 'Upload the disk', run: 'oci os object put --bucket-name BUCKET --name IMAGE --file IMAGE' },
    {
      does: 'Make an image of it',
      run: `oci compute image import from-object --compartment-id COMPARTMENT --namespace NAMESPACE \\
  --bucket-name BUCKET --name IMAGE --display-name NAME \\
  --source-image-type QCOW2 --launch-mode PARAVIRTUALIZED`,
    },
    {
      does: 'Start an instance; user data are the configuration',
      run: `oci compute instance launch --compartment-id COMPARTMENT --availability-domain DOMAIN \\
  --shape SHAPE --subnet-id SUBNET --image-id IMAGE-ID --user-data-file CONFIG.ign`,
    },
  ],
};
