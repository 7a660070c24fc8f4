import { digestHex } from '../../lib/digest.ts';
import { derivedUuid } from '../../lib/uuid.ts';
import { type BillOfMaterials, containerPackageUrl, type ListedPackage } from './bill-of-materials.ts';

/**
 * A CycloneDX 1.6 document in JSON: the container, and each package that it contains. The same bill gives the same bytes.
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export async function cycloneDxDocument(bill: BillOfMaterials): Promise<string> {
  // Most commands write no such document, and need not wait for the library.
  const { Enums, Models, Serialize, Spec } = await import('@cyclonedx/cyclonedx-library');
  const { container, created, packages } = bill;
  const packageUrl = containerPackageUrl(container);
  const root = new Models.Component(Enums.ComponentType.Container, container.name, {
    bomRef: packageUrl,
    version: container.version,
    purl: packageUrl,
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm['SHA-256'], digestHex(container.digest)]]),
  });
  const listed = packages.map((item) => component(item));
  for (const { bomRef } of listed) root.dependencies.add(bomRef);
  const tool = new Models.Component(Enums.ComponentType.Application, 'cosa');
  const bom = new Models.Bom({
    serialNumber: `urn:uuid:${derivedUuid(container.digest, 'CycloneDX document')}`,
    metadata: new Models.Metadata({
      timestamp: new Date(created),
      component: root,
      tools: new Models.Tools({ components: new Models.ComponentRepository([tool]) }),
    }),
    components: new Models.ComponentRepository(listed),
  });
  const normalizers = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return `${new Serialize.JsonSerializer(normalizers).serialize(bom, { sortLists: true, space: 2 })}\n`;

  function component({ name, version, source, sha256, packageUrl: purl }: ListedPackage) {
    return new Models.Component(Enums.ComponentType.Library, name, {
      bomRef: purl,
      version,
      purl,
      hashes: new Models.HashDictionary([[Enums.HashAlgorithm['SHA-256'], sha256]]),
      properties: new Models.PropertyRepository([new Models.Property('cosa:source-package', source)]),
    });
  }
}
