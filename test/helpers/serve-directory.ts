import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { type HttpServer, startHttpServer } from './http-server.ts';

/** Serves the files of a directory by HTTP, as any web server does. */
export function serveDirectory(directory: string): Promise<HttpServer> {
  return startHttpServer(({ url = '' }, response) => {
    createReadStream(join(directory, decodeURIComponent(url)))
      .on('error', () => response.writeHead(404).end())
      .pipe(response);
  });
}
