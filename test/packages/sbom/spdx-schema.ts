import { z } from 'zod';

// What the specification says of the parts of an SPDX 2.3 document that are written here: each object is closed, as in
// the official JSON schema. https://spdx.github.io/spdx-spec/v2.3/
const identifier = z.string().regex(/^SPDXRef-[A-Za-z0-9.-]+$/);
const noAssertion = z.literal('NOASSERTION');
const sha256 = z.strictObject({ algorithm: z.literal('SHA256'), checksumValue: z.string().regex(/^[0-9a-f]{64}$/) });

const packageUrlReference = z.strictObject({
  referenceCategory: z.literal('PACKAGE-MANAGER'),
  referenceType: z.literal('purl'),
  referenceLocator: z.string().regex(/^pkg:[a-z]+\/\S+@\S+$/),
});

const element = z.strictObject({
  SPDXID: identifier,
  name: z.string().min(1),
  versionInfo: z.string().min(1),
  primaryPackagePurpose: z.literal('CONTAINER').optional(),
  sourceInfo: z.string().optional(),
  downloadLocation: noAssertion,
  // Then there must be neither files nor a verification code.
  filesAnalyzed: z.literal(false),
  licenseConcluded: noAssertion,
  licenseDeclared: noAssertion,
  copyrightText: noAssertion,
  checksums: z.array(sha256).min(1),
  externalRefs: z.array(packageUrlReference).min(1),
});

export const spdxSchema = z
  .strictObject({
    spdxVersion: z.literal('SPDX-2.3'),
    SPDXID: z.literal('SPDXRef-DOCUMENT'),
    dataLicense: z.literal('CC0-1.0'),
    name: z.string().min(1),
    documentNamespace: z.url().refine((text) => !text.includes('#'), 'a namespace has no fragment'),
    creationInfo: z.strictObject({
      created: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      creators: z.array(z.string().regex(/^Tool: \S+$/)).min(1),
    }),
    packages: z.array(element),
    relationships: z.array(
      z.strictObject({
        spdxElementId: identifier,
        relationshipType: z.enum(['DESCRIBES', 'CONTAINS']),
        relatedSpdxElement: identifier,
      }),
    ),
  })
  .superRefine(({ SPDXID, packages, relationships }, context) => {
    const ids = [SPDXID, ...packages.map((item) => item.SPDXID)];
    if (new Set(ids).size < ids.length) context.addIssue('an identifier stands for two elements');
    for (const { spdxElementId, relatedSpdxElement } of relationships) {
      for (const id of [spdxElementId, relatedSpdxElement]) {
        if (!ids.includes(id)) context.addIssue(`a relationship names ${id}, which is not there`);
      }
    }
  });
