import { firmwareConsole } from './consoles.ts';
import type { Platform } from './platform.ts';

const upload = {
  does: 'Upload the disk, as a page blob',
  run: `az storage blob upload --type page --account-name ACCOUNT --container-name CONTAINER \\
  --name IMAGE --file IMAGE`,
};

// Neither has GRUB commands: its boot diagnostics are recorded from the kernel on.

export const azure: Platform = {
  name: 'azure',
  title: 'Microsoft Azure',
  consoles: {
    x86_64: { kernel_arguments: ['console=tty0', 'console=ttyS0,115200n8'], grub_commands: [] },
    aarch64: { kernel_arguments: ['console=tty0', 'console=ttyAMA0,115200n8'], grub_commands: [] },
  },
  sectorSize: 512,
  size: 'image',
  image: 'vhd',
  ignition: { id: 'azure' },
  start: [
    upload,
    {
      does: 'Make an image of it; for aarch64, make an image definition with `--architecture Arm64` in a gallery instead',
      run: `az image create --resource-group GROUP --name NAME --os-type Linux --hyper-v-generation V2 \\
  --source https://ACCOUNT.blob.core.windows.net/CONTAINER/IMAGE`,
    },
    {
      does: 'Start a machine; custom data are the configuration',
      run: `az vm create --resource-group GROUP --name VM --image NAME --size Standard_B2s \\
  --admin-username core --ssh-key-values KEY.pub --custom-data CONFIG.ign`,
    },
  ],
};

export const azurestack: Platform = {
  name: 'azurestack',
  title: 'Microsoft Azure Stack Hub',
  consoles: { x86_64: firmwareConsole },
  sectorSize: 512,
  size: 'image',
  image: 'vhd',
  ignition: { id: 'azurestack' },
  start: [
    { does: "Let the Azure CLI know your cloud: `az cloud register`, with your operator's endpoints" },
    upload,
    {
      does: 'Make an image of it; Azure Stack Hub has the first generation of Hyper-V only',
      run: 'az image create --resource-group GROUP --name NAME --os-type Linux --source https://BLOB/IMAGE',
    },
    {
      does: 'Start a machine; custom data are the configuration',
      run: `az vm create --resource-group GROUP --name VM --image NAME \\
  --admin-username core --ssh-key-values KEY.pub --custom-data CONFIG.ign`,
    },
  ],
};
