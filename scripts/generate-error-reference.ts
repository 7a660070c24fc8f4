import { writeFileSync } from 'node:fs';
import { errorReference } from './error-reference.ts';

// Writes docs/errors.md (npm run docs).
writeFileSync(new URL('../docs/errors.md', import.meta.url), errorReference());
