import { liveView } from './live.ts';
import { plainView } from './plain.ts';
import type { View, ViewOptions, ViewStream } from './view.ts';

/** The view that fits the stream: live on a terminal, plain lines elsewhere, warnings alone with --quiet. */
export function viewFor(
  stream: ViewStream,
  environment: NodeJS.ProcessEnv,
  options: ViewOptions & { quiet: boolean },
): View {
  if (options.quiet) return quietView(stream, options);
  const live = stream.isTTY === true && environment.TERM !== 'dumb' && environment.CI === undefined;
  return live ? liveView(stream, options) : plainView(stream, options);
}

function quietView(stream: ViewStream, options: ViewOptions): View {
  const plain = plainView(stream, options);
  return {
    events: (event) => {
      if (event.type === 'warning') plain.events(event);
    },
    close: () => plain.close(),
  };
}
