import { xml } from '../../../lib/xml.ts';
import { diskFormat, memory, namespaces, type OvfMachine, processors, resourceTypes } from './machine.ts';

/** What image.json says of machines of VMware's, and what the names of theirs are. */
export interface VmwareSettings {
  /** The guest's type, `vmware-os-type`: chosen by the hardware's version unless given. */
  osType?: string;
  /** `vmware-hw-version`: 13 is ESXi 6.5's. */
  hardwareVersion: number;
  /** `vmware-secure-boot`. */
  secureBoot: boolean;
}

/** CIM's number of a 64-bit Linux: CIM_OperatingSystem.OSType. */
const cimLinux = 100;

/** The descriptor of a virtual machine with EFI firmware, to which Ignition's configuration is given as a property. */
export function vmwareOvf(machine: OvfMachine, settings: VmwareSettings): string {
  const { product, file } = machine;
  return xml`<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="${namespaces.ovf}" xmlns:ovf="${namespaces.ovf}" xmlns:rasd="${namespaces.rasd}" xmlns:vssd="${namespaces.vssd}" xmlns:vmw="${namespaces.vmw}">
  <References>
    <File ovf:href="${file.name}" ovf:id="file1" ovf:size="${file.size}"/>
  </References>
  <DiskSection>
    <Info>Virtual disks</Info>
    <Disk ovf:capacity="${machine.diskSize}" ovf:capacityAllocationUnits="byte" ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:format="${diskFormat}" ovf:populatedSize="${machine.populatedSize}"/>
  </DiskSection>
  <NetworkSection>
    <Info>Networks</Info>
    <Network ovf:name="VM Network">
      <Description>The network that the machine is connected to</Description>
    </Network>
  </NetworkSection>
  <VirtualSystem ovf:id="image">
    <Info>A virtual machine</Info>
    <Name>${product.name}</Name>
    <OperatingSystemSection ovf:id="${cimLinux}" vmw:osType="${settings.osType ?? usualOsType(settings.hardwareVersion)}">
      <Info>The operating system</Info>
    </OperatingSystemSection>
    <VirtualHardwareSection ovf:transport="com.vmware.guestInfo">
      <Info>Virtual hardware</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>${product.name}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>vmx-${settings.hardwareVersion}</vssd:VirtualSystemType>
      </System>
      <Item>
        <rasd:AllocationUnits>hertz * 10^6</rasd:AllocationUnits>
        <rasd:ElementName>${processors} virtual CPUs</rasd:ElementName>
        <rasd:InstanceID>1</rasd:InstanceID>
        <rasd:ResourceType>${resourceTypes.processor}</rasd:ResourceType>
        <rasd:VirtualQuantity>${processors}</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>
        <rasd:ElementName>${memory} MB of memory</rasd:ElementName>
        <rasd:InstanceID>2</rasd:InstanceID>
        <rasd:ResourceType>${resourceTypes.memory}</rasd:ResourceType>
        <rasd:VirtualQuantity>${memory}</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:Address>0</rasd:Address>
        <rasd:ElementName>SCSI controller 0</rasd:ElementName>
        <rasd:InstanceID>3</rasd:InstanceID>
        <rasd:ResourceSubType>VirtualSCSI</rasd:ResourceSubType>
        <rasd:ResourceType>${resourceTypes.scsi}</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AddressOnParent>0</rasd:AddressOnParent>
        <rasd:ElementName>Hard disk 1</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/vmdisk1</rasd:HostResource>
        <rasd:InstanceID>4</rasd:InstanceID>
        <rasd:Parent>3</rasd:Parent>
        <rasd:ResourceType>${resourceTypes.disk}</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AddressOnParent>7</rasd:AddressOnParent>
        <rasd:AutomaticAllocation>true</rasd:AutomaticAllocation>
        <rasd:Connection>VM Network</rasd:Connection>
        <rasd:ElementName>Network adapter 1</rasd:ElementName>
        <rasd:InstanceID>5</rasd:InstanceID>
        <rasd:ResourceSubType>VmxNet3</rasd:ResourceSubType>
        <rasd:ResourceType>${resourceTypes.ethernet}</rasd:ResourceType>
      </Item>
      <Item ovf:required="false">
        <rasd:AutomaticAllocation>false</rasd:AutomaticAllocation>
        <rasd:ElementName>VMCI device</rasd:ElementName>
        <rasd:InstanceID>6</rasd:InstanceID>
        <rasd:ResourceSubType>vmware.vmci</rasd:ResourceSubType>
        <rasd:ResourceType>${resourceTypes.other}</rasd:ResourceType>
      </Item>
      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
      <vmw:Config ovf:required="false" vmw:key="bootOptions.efiSecureBootEnabled" vmw:value="${settings.secureBoot}"/>
    </VirtualHardwareSection>
    <ProductSection>
      <Info>What runs in the machine</Info>
      <Product>${product.name}</Product>
      <Vendor>${product.name}</Vendor>
      <Version>${product.version}</Version>
      <Property ovf:key="guestinfo.ignition.config.data" ovf:type="string" ovf:userConfigurable="true" ovf:value="">
        <Label>Ignition configuration</Label>
        <Description>What the machine is set up by when it boots for the first time</Description>
      </Property>
      <Property ovf:key="guestinfo.ignition.config.data.encoding" ovf:type="string" ovf:userConfigurable="true" ovf:value="">
        <Label>Encoding of the Ignition configuration</Label>
        <Description>base64, gzip+base64, or nothing</Description>
      </Property>
    </ProductSection>
  </VirtualSystem>
</Envelope>
`;
}

/** "Other Linux" of the newest kernel that a version of the hardware knows. */
function usualOsType(hardwareVersion: number): string {
  if (hardwareVersion >= 17) return 'other5xLinux64Guest';
  return hardwareVersion >= 14 ? 'other4xLinux64Guest' : 'other3xLinux64Guest';
}
