import { type Command, Option } from 'commander';
import type { RegistryOptions } from '../oci/registries.ts';

const heading = 'Registry options:';

/** The values as commander keeps them. */
interface Values {
  authfile?: string;
  certDir?: string;
  plainHttp?: string[];
}

/** Adds the options of a command that takes references, and `--help` for them. */
export function addRegistryOptions(command: Command): void {
  const options = [
    new Option('--authfile <file>', 'credentials, instead of $REGISTRY_AUTH_FILE and the usual files'),
    new Option('--cert-dir <dir>', 'certificates of registries: HOST[:PORT]/*.crt, before those in certs.d'),
    new Option('--plain-http <host>', 'ask this registry without TLS; for loopback hosts not needed').argParser(
      (value: string, before: string[] = []) => [...before, value],
    ),
  ];
  for (const option of options) command.addOption(option.helpGroup(heading));
}

/** Their values, of a command that has them. */
export function registryOptions(command: Command): RegistryOptions {
  const { authfile, certDir, plainHttp } = command.opts<Values>();
  return { authFile: authfile, certificateDirectory: certDir, plainHttp };
}
