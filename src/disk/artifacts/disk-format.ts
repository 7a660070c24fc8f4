import { type DiskConfig, diskConfigSchema } from '../../contract/image-config.ts';
import type { DiskContainer } from '../base-disk/types.ts';
import { bundles } from '../bundles.ts';
import type { DiskFormat } from '../formats/format.ts';
import { diskFormats } from '../formats.ts';
import type { DiskForm } from '../platforms/image-form.ts';

/**
 * The format of an image's form, with what a bundle says of the container and as its image.json wants it.
 * @param config image.json; the defaults unless given, which is enough to ask for a format's parameters
 */
export function diskFormat(
  form: DiskForm,
  container: DiskContainer,
  config: DiskConfig = diskConfigSchema.parse({}),
): DiskFormat {
  switch (form) {
    case 'gcp-tar':
      return bundles[form]();
    case 'kubevirt-archive':
      return bundles[form](container);
    case 'virtualbox-ova':
      return bundles[form](container);
    case 'vmware-ova': {
      const osType = config['vmware-os-type'];
      return bundles[form](container, {
        ...(osType === undefined ? {} : { osType }),
        hardwareVersion: config['vmware-hw-version'],
        secureBoot: config['vmware-secure-boot'],
      });
    }
    default:
      return diskFormats[form];
  }
}
