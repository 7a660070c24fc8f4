import { firmwareConsole } from './consoles.ts';
import type { Platform } from './platform.ts';

export const proxmoxve: Platform = {
  name: 'proxmoxve',
  title: 'Proxmox VE',
  consoles: { x86_64: firmwareConsole },
  sectorSize: 512,
  size: 'image',
  image: 'qcow2',
  ignition: {
    id: 'proxmoxve',
    otherwise: {
      id: 'openstack',
      by: "make the cloud-init drive one of OpenStack's form: qm set ID --citype configdrive2",
    },
  },
  start: [
    {
      does: 'Make a machine with the disk',
      run: `qm create ID --name VM --memory 2048 --net0 virtio,bridge=vmbr0 --scsihw virtio-scsi-pci
qm set ID --scsi0 STORAGE:0,import-from=$(realpath IMAGE) --boot order=scsi0`,
    },
    {
      does: "Give it a configuration: user data on a cloud-init drive, taken from a storage's snippets",
      run: 'qm set ID --ide2 STORAGE:cloudinit --cicustom user=SNIPPETS:snippets/CONFIG.ign',
    },
    { does: 'Start it', run: 'qm start ID' },
  ],
};
