import { readFileSync, writeFileSync } from 'node:fs';
import { commandReference, manualPageFiles } from './command-reference.ts';

// Writes what is derived from the command tree: docs/commands.md and package.json's list of manual pages (npm run docs).
writeFileSync(new URL('../docs/commands.md', import.meta.url), await commandReference());

const packageFile = new URL('../package.json', import.meta.url);
const description = JSON.parse(readFileSync(packageFile, 'utf8')) as Record<string, unknown>;
writeFileSync(packageFile, `${JSON.stringify({ ...description, man: await manualPageFiles() }, null, 2)}\n`);
