import { writeFileSync } from 'node:fs';
import { configSchemas } from './config-schemas.ts';

// Writes schemas/ (npm run docs).
for (const [name, text] of configSchemas()) writeFileSync(new URL(`../schemas/${name}`, import.meta.url), text);
