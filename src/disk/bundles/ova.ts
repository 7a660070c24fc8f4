import { digestHex, digestOf } from '../../lib/digest.ts';
import { blockSize } from '../../lib/tar/types.ts';
import { endOfArchive, padding } from '../../lib/tar/writer.ts';
import { deflateParameters } from '../formats/deflate-parameters.ts';
import type { DiskFormat, FormatRequest, ImageSink } from '../formats/format.ts';
import { type VmdkAdapter, vmdkAdapters, writeVmdk } from '../formats/vmdk.ts';
import { memberHeader } from './archive-member.ts';
import { measuredSink } from './measured-sink.ts';
import type { OvfMachine } from './ova/machine.ts';
import { virtualboxOvf } from './ova/virtualbox-ovf.ts';
import { type VmwareSettings, vmwareOvf } from './ova/vmware-ovf.ts';

export type { VmwareSettings } from './ova/vmware-ovf.ts';

const names = { descriptor: 'coreos.ovf', disk: 'disk.vmdk', manifest: 'coreos.mf' };

/** What is known of a machine before its disk is written. */
type Product = OvfMachine['product'];

/** For vSphere and VMware's other hypervisors. */
export function vmwareOva(product: Product, settings: VmwareSettings): DiskFormat {
  return ova('vmware-ova', product, vmdkAdapters.lsilogic, (machine) => vmwareOvf(machine, settings));
}

/** For VirtualBox. */
export function virtualboxOva(product: Product): DiskFormat {
  return ova('virtualbox-ova', product, vmdkAdapters.ide, virtualboxOvf);
}

/**
 * An archive of a descriptor, a stream-optimized disk and a manifest with their sums, in an order that DSP0243, 5.3, allows:
 * what follows from the disk is behind it. The descriptor before it has its length from the beginning.
 */
function ova(
  name: string,
  product: Product,
  adapter: VmdkAdapter,
  describe: (machine: OvfMachine, identity: FormatRequest['identity']) => string,
): DiskFormat {
  async function write(request: FormatRequest, sink: ImageSink): Promise<void> {
    const { disk, identity, threads, signal } = request;
    const descriptor = (size: number, populatedSize: number) =>
      Buffer.from(
        describe({ product, diskSize: disk.size, populatedSize, file: { name: names.disk, size } }, identity),
      );
    // Numbers of any disk are at most as long as these.
    const room = descriptor(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).length;
    await sink.append(memberHeader(names.descriptor, room));
    const writeDescriptor = await sink.reserve(room);
    await sink.append(padding(room));

    const writeHeader = await sink.reserve(blockSize);
    using member = measuredSink(sink, threads, signal);
    const { populatedSize } = await writeVmdk(request, adapter, names.disk, member);
    const written = await member.end();
    await writeHeader(memberHeader(names.disk, written.size));
    await sink.append(padding(written.size));

    // Spaces may follow the last element.
    const described = Buffer.alloc(room, ' ');
    descriptor(written.size, populatedSize).copy(described);
    await writeDescriptor(described);
    const manifest = Buffer.from(
      `SHA256(${names.descriptor})= ${digestHex(digestOf(described))}\nSHA256(${names.disk})= ${written.sha256}\n`,
    );
    await sink.append(memberHeader(names.manifest, manifest.length));
    await sink.append(manifest);
    await sink.append(padding(manifest.length));
    await sink.append(endOfArchive);
  }

  return { name, extension: 'ova', isCompressed: true, parameters: deflateParameters, write };
}
