import { z } from 'zod';
import { releaseDocument } from '../src/publish/metadata/release.ts';
import { releaseIndexDocument } from '../src/publish/metadata/release-index.ts';
import { streamDocument } from '../src/publish/metadata/stream.ts';
import { publishedImagesSchema } from '../src/publish/published-images.ts';

const documents: Readonly<Record<string, { title: string; schema: z.ZodType }>> = {
  'images.schema.json': {
    title: 'What of one architecture of one version is published',
    schema: publishedImagesSchema,
  },
  'release-index.schema.json': { title: 'Every version of a stream', schema: releaseIndexDocument.schema },
  'release.schema.json': { title: 'All that belongs to one version', schema: releaseDocument.schema },
  'stream.schema.json': { title: 'The images that a stream recommends now', schema: streamDocument.schema },
};

/** The files of `schemas/` by their names: JSON Schemas of the documents that are published, for other programs. */
export function metadataSchemas(): Map<string, string> {
  return new Map(
    Object.entries(documents).map(([name, { title, schema }]) => {
      const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
      return [name, `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`];
    }),
  );
}
