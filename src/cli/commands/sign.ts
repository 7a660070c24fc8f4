import { Option } from '@commander-js/extra-typings';
import { generateKeys, signImage } from '../../flows/container/sign.ts';
import { usageError } from '../../lib/errors.ts';
import { defineCommand } from '../command.ts';
import { choosePassphrase, readPassphrase } from '../passphrase.ts';
import { line } from '../render/shown.ts';

export const sign = defineCommand({
  description:
    'Signs a container with a private key, and stores the signature beside it in the two forms that are in use: the ' +
    'attachment, which cosign, podman and skopeo read, and the sigstore bundle as a referrer. Of an index each image is ' +
    'signed too. Signatures of others stay; signing again adds nothing. Keys are those of cosign, or any PEM file with ' +
    'ECDSA on P-256 or RSA; the passphrase comes from $COSIGN_PASSWORD, or is asked for.',
  configure: (command) =>
    command
      .argument('[reference]', 'the container')
      .option('--key <file>', 'the private key')
      .option(
        '--identity <name>',
        'sign under this name, HOST/REPOSITORY[:TAG]; in a registry the repository unless given',
      )
      .addOption(
        new Option('--generate-key <prefix>', 'instead: make PREFIX.key, encrypted, and PREFIX.pub').conflicts([
          'key',
          'identity',
        ]),
      ),
  examples: [
    { run: 'cosa sign --generate-key release', does: 'Make a key pair: release.key to sign, release.pub to give away' },
    { run: 'cosa sign --key release.key docker://registry.example.com/os/example:stable', does: 'Sign a container' },
    {
      run: 'cosa sign --key release.key --identity registry.example.com/os/example 13.20260101.0',
      does: 'Sign a build in oci/ before it is pushed',
    },
  ],
  registries: true,
  run: async (context, [reference], { key, identity, generateKey }) => {
    const { style, directory } = context;
    if (generateKey !== undefined) {
      const paths = await generateKeys(directory, generateKey, () => choosePassphrase(context));
      return { text: line`${style.bold(paths.privateKey)} signs, ${paths.publicKey} verifies`, json: paths };
    }
    if (key === undefined || reference === undefined) {
      const missing = key === undefined ? 'the key is' : 'the container is';
      throw usageError('SIGN_ARGUMENTS', `${missing} not given`, {
        hint: 'cosa sign --key FILE REFERENCE; or make a key with --generate-key PREFIX',
      });
    }
    const passphrase = () => readPassphrase(context, `Passphrase of ${key}: `);
    const {
      digest,
      identity: name,
      signed,
    } = await signImage(context, { directory, reference, key, identity, passphrase });
    const text = signed.length === 0 ? `${digest} is signed already` : line`${digest} is signed as ${style.bold(name)}`;
    return { text, json: { digest, identity: name, signed } };
  },
});
