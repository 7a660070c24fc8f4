import { type Json, prettyJson } from '../../lib/canonical-json.ts';
import { digestHex, sha256Hex } from '../../lib/digest.ts';
import { type BillOfMaterials, containerPackageUrl, type ListedPackage } from './bill-of-materials.ts';

const containerId = 'SPDXRef-Container';
/** Who has not looked says so, and does not guess: https://spdx.github.io/spdx-spec/v2.3/package-information/ */
const unknown = 'NOASSERTION';

/**
 * An SPDX 2.3 document in JSON: the container, and each package that it contains. The same bill gives the same bytes.
 * @see https://spdx.github.io/spdx-spec/v2.3/
 */
export function spdxDocument(bill: BillOfMaterials): string {
  const { container, created, packages } = bill;
  const name = `${container.name}-${container.version}`;
  const listed = packages.map((item) => ({ id: packageId(item), item }));
  return prettyJson({
    spdxVersion: 'SPDX-2.3',
    SPDXID: 'SPDXRef-DOCUMENT',
    dataLicense: 'CC0-1.0',
    name,
    // Unique for its content, as the specification asks; a random part would make another document of each build.
    documentNamespace: `https://spdx.org/spdxdocs/${encodeURIComponent(name)}-${digestHex(container.digest)}`,
    creationInfo: { created, creators: ['Tool: cosa'] },
    packages: [containerPackage(bill), ...listed.map(({ id, item }) => listedPackage(id, item))],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: containerId },
      ...listed.map(({ id }) => ({
        spdxElementId: containerId,
        relationshipType: 'CONTAINS',
        relatedSpdxElement: id,
      })),
    ],
  });
}

function containerPackage({ container }: BillOfMaterials): Json {
  return {
    SPDXID: containerId,
    name: container.name,
    versionInfo: container.version,
    primaryPackagePurpose: 'CONTAINER',
    ...unexamined,
    checksums: [{ algorithm: 'SHA256', checksumValue: digestHex(container.digest) }],
    externalRefs: [purlReference(containerPackageUrl(container))],
  };
}

function listedPackage(id: string, { name, version, source, sha256, packageUrl }: ListedPackage): Json {
  return {
    SPDXID: id,
    name,
    versionInfo: version,
    sourceInfo: `built from the source package ${source}`,
    ...unexamined,
    checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }],
    externalRefs: [purlReference(packageUrl)],
  };
}

const unexamined = {
  downloadLocation: unknown,
  filesAnalyzed: false,
  licenseConcluded: unknown,
  licenseDeclared: unknown,
  copyrightText: unknown,
};

function purlReference(packageUrl: string): Json {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: packageUrl };
}

/** Letters, digits, "." and "-" alone are allowed: a hash tells `g++` from `g--`, and architectures apart. */
function packageId({ name, packageUrl }: ListedPackage): string {
  return `SPDXRef-Package-${name.replace(/[^A-Za-z0-9.-]/g, '-')}-${sha256Hex(packageUrl).slice(0, 12)}`;
}
