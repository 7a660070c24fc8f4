import { type ArtifactChoice, chooseArtifacts, type StreamArtifact } from '../../publish/metadata/choose-artifacts.ts';
import type { Session } from '../../workspace/session.ts';
import { openStream, type StreamSource } from './stream/open-stream.ts';

export interface ShownStream {
  stream: string;
  /** Where its metadata lies. */
  address: string;
  lastModified: string | undefined;
  artifacts: readonly StreamArtifact[];
}

/**
 * The images of a stream.
 * @throws CosaError `ARTIFACT_UNKNOWN` (exit 2), what {@link openStream} throws
 */
export async function showStream(session: Session, source: StreamSource, choice: ArtifactChoice): Promise<ShownStream> {
  await using opened = await openStream(session, source);
  const { document, address } = opened;
  return {
    stream: document.stream,
    address,
    lastModified: document.metadata['last-modified'],
    artifacts: chooseArtifacts(document, choice),
  };
}
