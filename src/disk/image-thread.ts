// What the threads run that hash and compress disk images: see `imageThreads`.
import { serveRequests } from '../lib/parallel/serve.ts';
import { type HashAnswer, type HashRequest, hashed } from './image-threads/hash-streams.ts';

export type ImageRequest = HashRequest;
export type ImageAnswer = HashAnswer;

serveRequests<ImageRequest, ImageAnswer>(async (request) => ({ message: hashed(request), transfer: [] }));
