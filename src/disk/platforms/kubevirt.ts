import { screenLast } from './consoles.ts';
import type { Platform } from './platform.ts';

export const kubevirt: Platform = {
  name: 'kubevirt',
  title: 'KubeVirt, virtual machines on Kubernetes',
  consoles: { x86_64: screenLast },
  sectorSize: 512,
  size: 'image',
  image: 'kubevirt-archive',
  ignition: { id: 'kubevirt' },
  start: [
    {
      does: 'Push the archive to a registry, as the container that it is',
      run: 'skopeo copy oci-archive:IMAGE docker://HOST/REPOSITORY:TAG',
    },
    {
      does: 'Keep the configuration as a secret',
      run: 'kubectl create secret generic NAME-ignition --from-file=userdata=CONFIG.ign',
    },
    {
      does: 'Name both in a VirtualMachine; Ignition reads the config drive',
      run: `kubectl apply -f - <<END
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: NAME}
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        devices: {disks: [{name: disk, disk: {bus: virtio}}, {name: config, disk: {bus: virtio}}]}
        resources: {requests: {memory: 2048M}}
      volumes:
        - {name: disk, containerDisk: {image: HOST/REPOSITORY:TAG}}
        - {name: config, cloudInitConfigDrive: {secretRef: {name: NAME-ignition}}}
END`,
    },
  ],
};
