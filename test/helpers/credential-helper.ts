import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes a program `docker-credential-NAME` which keeps what it is given in files of `directory`/kept, and notes how it
 * is called in `directory`/calls.
 * @returns the PATH that finds it
 */
export async function makeCredentialHelper(directory: string, name: string): Promise<string> {
  const script = `#!/bin/sh
set -eu
kept='${directory}/kept'
input=$(cat)
echo "$1" >>'${directory}/calls'
name() { printf %s "$1" | tr -c 'a-zA-Z0-9.' _; }
case $1 in
get)
  if [ -e "$kept/$(name "$input")" ]; then cat "$kept/$(name "$input")"; else
    echo 'credentials not found in native keychain'
    exit 1
  fi ;;
store)
  server=$(printf %s "$input" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/')
  printf %s "$input" >"$kept/$(name "$server")" ;;
erase) rm "$kept/$(name "$input")" ;;
esac
`;
  await mkdir(join(directory, 'kept'), { recursive: true });
  return writeCredentialHelper(directory, name, script);
}

/** Writes a program `docker-credential-NAME` with this content. Returns the PATH that finds it. */
export async function writeCredentialHelper(directory: string, name: string, script: string): Promise<string> {
  const program = join(directory, `docker-credential-${name}`);
  await writeFile(program, script);
  await chmod(program, 0o755);
  return `${directory}:${process.env.PATH ?? ''}`;
}
