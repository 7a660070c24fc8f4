import { writeFileSync } from 'node:fs';
import { configReference } from './config-reference.ts';

// Writes docs/config-reference.md: npx tsx scripts/generate-config-reference.ts
writeFileSync(new URL('../docs/config-reference.md', import.meta.url), configReference());
