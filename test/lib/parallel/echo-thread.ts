import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { usageError } from '../../../src/lib/errors.ts';
import { serveRequests } from '../../../src/lib/parallel/serve.ts';

const counts = new Map<string, number>();

serveRequests(async (request: { answer?: string; wait?: number; fail?: string; exit?: number; count?: string }) => {
  if (request.fail === 'ENOENT') readFileSync('/nowhere');
  if (request.fail === 'USAGE') throw usageError('COMMAND_LINE', 'something is wrong', { hint: 'do it otherwise' });
  if (request.fail !== undefined) throw new Error(request.fail);
  if (request.exit !== undefined) process.exit(request.exit);
  if (request.wait !== undefined) await setTimeout(request.wait);
  if (request.count !== undefined) {
    counts.set(request.count, (counts.get(request.count) ?? 0) + 1);
    return { message: `${request.count} ${counts.get(request.count)}`, transfer: [] };
  }
  return { message: request.answer ?? '', transfer: [] };
});
