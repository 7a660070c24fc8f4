// What the threads run that write files with holes: see `writeSparseFile`.
import { serveRequests } from '../../lib/parallel/serve.ts';
import { type SparseWriteRequest, writeSparsely } from './sparse-write.ts';

serveRequests<SparseWriteRequest, undefined>(async (request) => {
  writeSparsely(request);
  return { message: undefined, transfer: [] };
});
