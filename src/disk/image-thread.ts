// What the threads run that hash and compress disk images: see `imageThreads`.
import { serveRequests } from '../lib/parallel/serve.ts';
import type { BlocksAnswer, BlocksRequest } from './image-threads/blocks.ts';
import {
  type DeflateAnswer,
  type DeflateRequest,
  type DigestAnswer,
  type DigestRequest,
  deflated,
  digestsOf,
} from './image-threads/grains.ts';
import { type HashAnswer, type HashRequest, hashed } from './image-threads/hashing.ts';
import type { PieceAnswer, PieceRequest } from './image-threads/pieces.ts';

export type ImageRequest = HashRequest | DigestRequest | DeflateRequest | PieceRequest | BlocksRequest;
export type ImageAnswer = HashAnswer | DigestAnswer | DeflateAnswer | PieceAnswer | BlocksAnswer;

serveRequests<ImageRequest, ImageAnswer>(async (request) => {
  switch (request.kind) {
    case 'digests':
      return { message: digestsOf(request), transfer: [] };
    case 'deflate': {
      const message = deflated(request);
      const [first] = message.grains;
      return { message, transfer: first === undefined ? [] : [first.fragment.buffer as ArrayBuffer] };
    }
    case 'piece': {
      // Most images have no use for it, and it takes a while to be loaded.
      const { compressedPiece } = await import('./image-threads/pieces.ts');
      const message = await compressedPiece(request);
      return { message, transfer: [message.compressed.buffer] };
    }
    case 'blocks': {
      const { compressedBlocks } = await import('./image-threads/blocks.ts');
      return { message: await compressedBlocks(request), transfer: [] };
    }
    default:
      return { message: hashed(request), transfer: [] };
  }
});
