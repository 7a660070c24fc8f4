import { setTimeout } from 'node:timers/promises';
import { serveRequests } from '../../../src/lib/parallel/serve.ts';

serveRequests(async (request: { answer?: string; wait?: number; fail?: string; exit?: number }) => {
  if (request.fail !== undefined) throw new Error(request.fail);
  if (request.exit !== undefined) process.exit(request.exit);
  if (request.wait !== undefined) await setTimeout(request.wait);
  return { message: request.answer ?? '', transfer: [] };
});
