/** Runs `action` some times and gives the shortest time in seconds: what the machine can do when left alone. */
export async function fastest(rounds: number, action: () => Promise<unknown> | unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    await action();
    best = Math.min(best, (performance.now() - begin) / 1000);
  }
  return best;
}

/** Prints one line: what, how long, and its ratio to a peer or floor measured in the same run, with the goal. */
export function report(what: string, seconds: number, against?: { seconds: number; goal: number }): void {
  const time = `${seconds.toFixed(2).padStart(7)} s`;
  if (against === undefined) {
    console.log(`${time}  ${what}`);
    return;
  }
  const ratio = seconds / against.seconds;
  const verdict = ratio <= against.goal ? 'ok' : 'TOO SLOW';
  console.log(`${time}  ${what}: ${ratio.toFixed(2)} x (goal ${against.goal} x) ${verdict}`);
}

/** The most memory that this process has had so far, in MiB. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** Prints a peak memory in MiB, with the goal. */
export function reportPeakMemory(goal: number, peak: number = peakMemory()): void {
  console.log(`${peak.toFixed(0).padStart(5)} MiB  peak memory (goal ${goal} MiB) ${peak <= goal ? 'ok' : 'TOO MUCH'}`);
}
