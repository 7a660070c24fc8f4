import { xml } from '../../../lib/xml.ts';
import type { ImageIdentity } from '../../formats/format.ts';
import { diskFormat, memory, namespaces, type OvfMachine, processors, resourceTypes } from './machine.ts';

/** CIM's number of a 64-bit Linux of another kind: CIM_OperatingSystem.OSType. */
const cimLinux = 80;
/** VirtualBox's name of a 64-bit Linux of no distribution that it knows. */
const osType = 'Linux26_64';
/** MB: what VirtualBox gives a graphical Linux. */
const videoMemory = 36;

/** The descriptor of a virtual machine, with what VirtualBox alone understands: EFI firmware and its own controllers. */
export function virtualboxOvf(machine: OvfMachine, identity: ImageIdentity): string {
  const { product, file } = machine;
  const disk = identity.uuid('virtualbox disk');
  return xml`<?xml version="1.0" encoding="UTF-8"?>
<Envelope ovf:version="1.0" xmlns="${namespaces.ovf}" xmlns:ovf="${namespaces.ovf}" xmlns:rasd="${namespaces.rasd}" xmlns:vssd="${namespaces.vssd}" xmlns:vbox="${namespaces.vbox}">
  <References>
    <File ovf:href="${file.name}" ovf:id="file1" ovf:size="${file.size}"/>
  </References>
  <DiskSection>
    <Info>Virtual disks</Info>
    <Disk ovf:capacity="${machine.diskSize}" ovf:capacityAllocationUnits="byte" ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:format="${diskFormat}" ovf:populatedSize="${machine.populatedSize}" vbox:uuid="${disk}"/>
  </DiskSection>
  <NetworkSection>
    <Info>Networks</Info>
    <Network ovf:name="NAT">
      <Description>The network that the machine is connected to</Description>
    </Network>
  </NetworkSection>
  <VirtualSystem ovf:id="${product.name}">
    <Info>A virtual machine</Info>
    <ProductSection>
      <Info>What runs in the machine</Info>
      <Product>${product.name}</Product>
      <Vendor>${product.name}</Vendor>
      <Version>${product.version}</Version>
    </ProductSection>
    <OperatingSystemSection ovf:id="${cimLinux}">
      <Info>The operating system</Info>
      <Description>${osType}</Description>
      <vbox:OSType ovf:required="false">${osType}</vbox:OSType>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Virtual hardware</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>${product.name}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>virtualbox-2.2</vssd:VirtualSystemType>
      </System>
      <Item>
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
        <rasd:ElementName>SATA controller 0</rasd:ElementName>
        <rasd:InstanceID>3</rasd:InstanceID>
        <rasd:ResourceSubType>AHCI</rasd:ResourceSubType>
        <rasd:ResourceType>${resourceTypes.sata}</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:Address>0</rasd:Address>
        <rasd:ElementName>USB controller 0</rasd:ElementName>
        <rasd:InstanceID>4</rasd:InstanceID>
        <rasd:ResourceType>${resourceTypes.usb}</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AddressOnParent>0</rasd:AddressOnParent>
        <rasd:ElementName>Hard disk 1</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/vmdisk1</rasd:HostResource>
        <rasd:InstanceID>5</rasd:InstanceID>
        <rasd:Parent>3</rasd:Parent>
        <rasd:ResourceType>${resourceTypes.disk}</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AutomaticAllocation>true</rasd:AutomaticAllocation>
        <rasd:Connection>NAT</rasd:Connection>
        <rasd:ElementName>Network adapter 1</rasd:ElementName>
        <rasd:InstanceID>6</rasd:InstanceID>
        <rasd:ResourceSubType>E1000</rasd:ResourceSubType>
        <rasd:ResourceType>${resourceTypes.ethernet}</rasd:ResourceType>
      </Item>
    </VirtualHardwareSection>
    <vbox:Machine ovf:required="false" version="1.16-linux" uuid="{${identity.uuid('virtualbox machine')}}" name="${product.name}" OSType="${osType}">
      <ovf:Info>The machine as VirtualBox has it</ovf:Info>
      <Hardware>
        <CPU count="${processors}">
          <PAE enabled="true"/>
          <LongMode enabled="true"/>
          <X2APIC enabled="true"/>
        </CPU>
        <Memory RAMSize="${memory}"/>
        <Firmware type="EFI"/>
        <Display controller="VMSVGA" VRAMSize="${videoMemory}"/>
        <BIOS>
          <IOAPIC enabled="true"/>
        </BIOS>
        <Network>
          <Adapter slot="0" enabled="true" type="virtio">
            <NAT/>
          </Adapter>
        </Network>
        <StorageControllers>
          <StorageController name="SATA" type="AHCI" PortCount="1" useHostIOCache="false" Bootable="true">
            <AttachedDevice type="HardDisk" hotpluggable="false" port="0" device="0">
              <Image uuid="{${disk}}"/>
            </AttachedDevice>
          </StorageController>
        </StorageControllers>
      </Hardware>
    </vbox:Machine>
  </VirtualSystem>
</Envelope>
`;
}
