import { writeFileSync } from 'node:fs';
import { commandReference } from './command-reference.ts';

// Writes docs/commands.md: npm run docs
writeFileSync(new URL('../docs/commands.md', import.meta.url), await commandReference());
