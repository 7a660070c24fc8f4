import { writeFileSync } from 'node:fs';
import { platformReference } from './platform-reference.ts';

// Writes docs/platforms.md (npm run docs).
writeFileSync(new URL('../docs/platforms.md', import.meta.url), platformReference());
