/** What an OVF descriptor says of a machine and its disk. */
export interface OvfMachine {
  /** What runs in it, for people. */
  product: { name: string; version: string };
  /** Bytes of the disk as the machine sees it. */
  diskSize: number;
  /** Bytes of the disk that hold something. */
  populatedSize: number;
  /** The disk image's name and bytes. */
  file: { name: string; size: number };
}

export const processors = 2;
/** MiB. */
export const memory = 4096;

const cim = 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2';

/** https://www.dmtf.org/standards/ovf, DSP0243 and DSP8023, version 1.1 */
export const namespaces = {
  ovf: 'http://schemas.dmtf.org/ovf/envelope/1',
  rasd: `${cim}/CIM_ResourceAllocationSettingData`,
  vssd: `${cim}/CIM_VirtualSystemSettingData`,
  vmw: 'http://www.vmware.com/schema/ovf',
  vbox: 'http://www.virtualbox.org/ovf/machine',
} as const;

export const diskFormat = 'http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized';

/** Kinds of virtual hardware: values of CIM_ResourceAllocationSettingData.ResourceType. */
export const resourceTypes = { other: 1, processor: 3, memory: 4, scsi: 6, ethernet: 10, disk: 17, sata: 20, usb: 23 };
