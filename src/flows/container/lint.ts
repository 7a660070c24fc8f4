import { type LintReport, lint } from '../../lint/lint.ts';
import { decompress } from '../../oci/compression.ts';
import { defaultLimits, maximumLayerBytes } from '../../ostree/unpack/limits.ts';
import { runStep } from '../../progress/step.ts';
import { type ContainerSummary, summarize } from '../../workspace/containers/summary.ts';
import { resolveImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';

export interface LintedImage extends LintReport {
  /** The reference that was asked for. */
  name: string;
  container: ContainerSummary;
}

/**
 * Checks a container by the rules for systems that boot from one. Any container will do: its layers are put together as
 * a runtime would, in memory; each blob is verified while it is read.
 * @param name a reference; the newest build of the work directory unless given
 * @throws CosaError what `resolveImage` and `lint` throw
 */
export async function lintContainer(
  session: Session,
  directory: string,
  name: string | undefined,
): Promise<LintedImage> {
  const { reference, image } = await resolveImage(session, directory, name);
  const report = await runStep(session, 'check container', async (reporter) => {
    const total = image.manifest.layers.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    const layers = image.manifest.layers.map((layer) => {
      async function* blob() {
        for await (const chunk of reference.reader.readBlob(layer, reporter.signal)) {
          done += chunk.length;
          reporter.progress(Math.min(done, total), total, 'bytes');
          yield chunk;
        }
      }
      return () => decompress(blob(), layer, maximumLayerBytes(layer, defaultLimits));
    });
    return lint(layers, image.config.config?.Labels ?? {});
  });
  return { ...report, name: reference.name, container: summarize(image) };
}
