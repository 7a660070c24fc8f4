import { reenterAsNamespaceRoot } from '../../../src/exec/namespace.ts';
import { start } from '../../../src/exec/run.ts';

// Starts something that goes on for ever: a program, or this one in a namespace. Prints the process's number, and whose it is.

if (process.argv[2] === 'program') {
  const sleep = await start({ name: 'sleep', packages: { deb: 'coreutils', rpm: 'coreutils' }, purpose: 'waits' }, [
    '3600',
  ]);
  console.log(`${sleep.pid} 0`);
} else {
  const status = await reenterAsNamespaceRoot([import.meta.filename]);
  if (status !== undefined) process.exit(status);
  console.log(`${process.pid} ${process.getuid?.()}`);
  setInterval(() => undefined, 60_000);
}
