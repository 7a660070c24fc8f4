import type { BillOfMaterials } from './bill-of-materials.ts';
import { cycloneDxDocument } from './cyclonedx.ts';
import { spdxDocument } from './spdx.ts';

/** A format in which a container's packages are written down. */
export interface SbomFormat {
  /** As on the command line. */
  name: string;
  /** As people write it. */
  title: string;
  /** Of the document, and of the artifact that holds it: what registries and scanners look for. */
  mediaType: string;
  /** The document: the same bill gives the same text. */
  write(bill: BillOfMaterials): string | Promise<string>;
}

/** The formats. A new one is a file beside this one and an entry here. */
export const sbomFormats: readonly SbomFormat[] = [
  { name: 'spdx', title: 'SPDX', mediaType: 'application/spdx+json', write: spdxDocument },
  { name: 'cyclonedx', title: 'CycloneDX', mediaType: 'application/vnd.cyclonedx+json', write: cycloneDxDocument },
];
