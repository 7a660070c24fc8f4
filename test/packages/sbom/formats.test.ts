import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { describe, expect, it } from 'vitest';
import { debBackend } from '../../../src/packages/deb.ts';
import type { BillOfMaterials, ListedPackage } from '../../../src/packages/sbom/bill-of-materials.ts';
import { cycloneDxDocument } from '../../../src/packages/sbom/cyclonedx.ts';
import { sbomFormats } from '../../../src/packages/sbom/formats.ts';
import { spdxDocument } from '../../../src/packages/sbom/spdx.ts';
import { spdxSchema } from './spdx-schema.ts';

function listed(name: string, version: string, architecture = 'amd64'): ListedPackage {
  const locked = { name, version, architecture, source: `${name}-source`, sha256: 'b'.repeat(64) };
  const file = { size: 1, repository: 'debian', path: `pool/${name}.deb` };
  const lock = { family: 'deb', basearch: 'x86_64', packages: [], repositoryTimestamp: 0 } as const;
  return { ...locked, packageUrl: debBackend.packageUrl({ ...locked, ...file }, lock, { releasever: '13' }) };
}

const bill: BillOfMaterials = {
  container: { name: 'debian-coreos', version: '13.0.1', digest: `sha256:${'a'.repeat(64)}`, architecture: 'amd64' },
  created: '2026-01-02T03:04:05Z',
  packages: [listed('bash', '5.2.37-2+b3'), listed('g++', '4:14.2.0-1'), listed('tzdata', '2025b~rc1-1', 'all')],
};

it.each(sbomFormats)('$name: the same bill gives the same text', async ({ write }) => {
  expect(await write(structuredClone(bill))).toBe(await write(bill));
});

describe('SPDX', () => {
  const document = spdxSchema.parse(JSON.parse(spdxDocument(bill)));

  it('describes the container by its digest', () => {
    const container = document.packages.find(({ SPDXID }) => SPDXID === 'SPDXRef-Container');
    expect(container).toMatchObject({
      name: 'debian-coreos',
      versionInfo: '13.0.1',
      checksums: [{ algorithm: 'SHA256', checksumValue: 'a'.repeat(64) }],
      externalRefs: [{ referenceLocator: `pkg:oci/debian-coreos@sha256:${'a'.repeat(64)}?arch=amd64` }],
    });
    expect(document.relationships[0]).toEqual({
      spdxElementId: 'SPDXRef-DOCUMENT',
      relationshipType: 'DESCRIBES',
      relatedSpdxElement: 'SPDXRef-Container',
    });
    expect(document.documentNamespace).toBe(`https://spdx.org/spdxdocs/debian-coreos-13.0.1-${'a'.repeat(64)}`);
    expect(document.creationInfo.created).toBe(bill.created);
  });

  it('lists every package with version, source, checksum and address', () => {
    const packages = document.packages.filter(({ SPDXID }) => SPDXID.startsWith('SPDXRef-Package-'));
    expect(packages.map(({ name, versionInfo }) => [name, versionInfo])).toEqual([
      ['bash', '5.2.37-2+b3'],
      ['g++', '4:14.2.0-1'],
      ['tzdata', '2025b~rc1-1'],
    ]);
    expect(packages[1]).toMatchObject({
      sourceInfo: 'built from the source package g++-source',
      checksums: [{ algorithm: 'SHA256', checksumValue: 'b'.repeat(64) }],
      externalRefs: [{ referenceLocator: 'pkg:deb/debian/g%2B%2B@4:14.2.0-1?arch=amd64&distro=debian-13' }],
    });
    const contained = document.relationships.filter(({ relationshipType }) => relationshipType === 'CONTAINS');
    expect(contained.map((relationship) => relationship.relatedSpdxElement)).toEqual(
      packages.map(({ SPDXID }) => SPDXID),
    );
  });

  it('tells packages apart whose names differ in a sign that an identifier cannot have', () => {
    const packages = [listed('g++', '1'), listed('g--', '1'), listed('g++', '1', 'i386')];
    const ids = spdxSchema.parse(JSON.parse(spdxDocument({ ...bill, packages }))).packages.map((item) => item.SPDXID);
    expect(new Set(ids).size).toBe(4);
  });
});

describe('CycloneDX', () => {
  it('is valid by the official schema, strictly', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(await cycloneDxDocument(bill))).toBeNull();
  });

  it('names the container, its packages and that it needs them', async () => {
    const document = JSON.parse(await cycloneDxDocument(bill)) as Record<string, unknown>;
    const container = `pkg:oci/debian-coreos@sha256:${'a'.repeat(64)}?arch=amd64`;
    const packages = bill.packages.map(({ packageUrl }) => packageUrl);
    expect(document).toMatchObject({
      specVersion: '1.6',
      metadata: {
        timestamp: '2026-01-02T03:04:05.000Z',
        component: { type: 'container', purl: container, hashes: [{ alg: 'SHA-256', content: 'a'.repeat(64) }] },
        tools: { components: [{ name: 'cosa' }] },
      },
      components: bill.packages.map(({ name, version, source, packageUrl }) => ({
        name,
        version,
        purl: packageUrl,
        properties: [{ name: 'cosa:source-package', value: source }],
      })),
    });
    expect(document.dependencies).toContainEqual({ ref: container, dependsOn: packages });
  });
});
