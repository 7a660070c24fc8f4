import { writeFileSync } from 'node:fs';
import { metadataSchemas } from './metadata-schemas.ts';

// Writes schemas/ (npm run docs).
for (const [name, text] of metadataSchemas()) writeFileSync(new URL(`../schemas/${name}`, import.meta.url), text);
