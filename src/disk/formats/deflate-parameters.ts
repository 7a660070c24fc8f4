/**
 * What the bytes of formats depend on that are compressed by `lib/compress/deflate.ts`. It changes whenever that gives other
 * bytes: a test knows some of them.
 */
export const deflateParameters = 'cosa-deflate-1';

/** Ends a stream of deflate blocks: https://www.rfc-editor.org/rfc/rfc1951#section-3.2.3, empty and with fixed codes. */
export const lastDeflateBlock: Buffer = Buffer.from([0x03, 0x00]);
