import { watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A login prompt of getty, or what it says when it logs a user in by itself. */
const prompt = /(?:^|\n)[^\n]*\blogin: /;

/** A prompt may come in two pieces: so much of what was read is kept. */
const keptCharacters = 256;

/** Watching a console's log. Disposing ends it. */
export interface PromptWatch extends AsyncDisposable {
  /** Settles when the prompt has come, or the watching has ended: true if it has come. */
  readonly seen: Promise<boolean>;
}

/**
 * Waits for a guest's login prompt in the file that QEMU keeps of its console. For machines whose console itself is
 * somebody's terminal.
 * @param path made if it is not there; QEMU writes to it from its beginning
 */
export async function watchForLoginPrompt(path: string): Promise<PromptWatch> {
  const file = await open(path, 'a+');
  let settle: (seen: boolean) => void = () => undefined;
  const seen = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  let text = '';
  let offset = 0;
  let reading: Promise<void> = Promise.resolve();
  const look = async () => {
    const read = await readFrom(file, offset);
    offset += read.length;
    text = (text + read.toString('latin1')).slice(-keptCharacters - read.length);
    if (prompt.test(text)) settle(true);
    text = text.slice(-keptCharacters);
  };
  const next = () => {
    reading = reading.then(look).catch(() => settle(false));
  };
  const watcher = watch(path, next);
  // What was written before the watching began.
  next();
  return {
    seen,
    async [Symbol.asyncDispose]() {
      watcher.close();
      settle(false);
      await reading;
      await file.close();
    },
  };
}

async function readFrom(file: FileHandle, offset: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let position = offset; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, position);
    if (bytesRead === 0) return Buffer.concat(chunks);
    chunks.push(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}
