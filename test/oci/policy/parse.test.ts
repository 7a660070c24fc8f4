import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../src/oci/policy/parse.ts';

const accept = [{ type: 'insecureAcceptAnything' }];
const reject = [{ type: 'reject' }];

describe('parsePolicy', () => {
  const known = 'must be insecureAcceptAnything, reject, sigstoreSigned or signedBy';
  it.each([
    ['no JSON', '{"default": [', '1:14', /^the policy is not JSON$/],
    ['a comment', '{"default": [{"type": "reject"}]} // all', '1:35', /^the policy is not JSON$/],
    ['nothing', '{}', '1:1', '"default" is missing'],
    ['no requirement', '{"default": []}', '1:13', '"default" must have at least one requirement, not a list'],
    ['an unknown key', '{"default": [{"type": "reject"}],\n "transport": {}}', '2:2', 'unknown key "transport"'],
    [
      'a key twice',
      '{"default": [{"type": "reject"}],\n "default": [{"type": "reject"}]}',
      '2:2',
      /Map keys must be unique/,
    ],
    [
      'an unknown requirement',
      '{"default": [{"type": "trustMe"}]}',
      '1:23',
      `"default[0].type" ${known}, not the string "trustMe"`,
    ],
    [
      'a misspelt key of a requirement',
      '{"default": [{"type": "reject", "keypath": 1}]}',
      '1:33',
      'unknown key "keypath" in "default[0]"',
    ],
    [
      'a requirement without key',
      '{"default": [{"type": "sigstoreSigned"}]}',
      '1:14',
      '"default[0]" must have exactly one of keyPath, keyPaths, keyData, keyDatas, fulcio, pki, not a map',
    ],
    [
      'two keys',
      '{"default": [{"type": "sigstoreSigned", "keyPath": "a", "keyData": ""}]}',
      '1:14',
      '"default[0]" must have exactly one of keyPath, keyPaths, keyData, keyDatas, fulcio, pki, not a map',
    ],
    [
      'a key that is no base64',
      '{"default": [{"type": "sigstoreSigned", "keyData": "-----"}]}',
      '1:52',
      '"default[0].keyData" must be base64 of a PEM file, not the string "-----"',
    ],
    [
      'an unknown identity',
      '{"default": [{"type": "sigstoreSigned", "keyPath": "a", "signedIdentity": {"type": "any"}}]}',
      '1:84',
      '"default[0].signedIdentity.type" must be matchExact, matchRepoDigestOrExact, matchRepository, exactReference, ' +
        'exactRepository or remapIdentity, not the string "any"',
    ],
    [
      'a reference without tag',
      '{"default": [{"type": "sigstoreSigned", "keyPath": "a",\n "signedIdentity": {"type": "exactReference", "dockerReference": "a.example/b"}}]}',
      '2:66',
      '"default[0].signedIdentity.dockerReference" must be HOST/REPOSITORY with a tag or digest, not the string "a.example/b"',
    ],
    [
      'a repository with tag',
      '{"default": [{"type": "sigstoreSigned", "keyPath": "a",\n "signedIdentity": {"type": "exactRepository", "dockerRepository": "a.example/b:1"}}]}',
      '2:68',
      '"default[0].signedIdentity.dockerRepository" must be HOST/REPOSITORY without tag, not the string "a.example/b:1"',
    ],
    [
      'a transport that nobody knows',
      '{"default": [{"type": "reject"}],\n "transports": {"dcoker": {}}}',
      '2:17',
      'nobody knows the transport "dcoker"',
    ],
    [
      'a scope that no image falls into',
      '{"default": [{"type": "reject"}], "transports":\n {"oci": {"dir": [{"type": "reject"}]}}}',
      '2:11',
      'no image falls into the scope "dir" of oci: it must be an absolute path',
    ],
  ])('refuses %s', (_, text, position, message) => {
    const [line, column] = position.split(':').map(Number);
    const where = { file: 'policy.json', line, column };
    const prefix = 'the policy cannot be used: ';
    expect(() => parsePolicy(text, 'policy.json')).toThrow(
      expect.objectContaining({
        code: 'POLICY_INVALID',
        exitStatus: 2,
        where,
        message: typeof message === 'string' ? `${prefix}${message}` : (expect.stringMatching(message) as string),
      }),
    );
  });

  it.each([
    ['oci', '/dir/', 'must be written /dir'],
    ['oci', '/a//b', 'must be written /a/b'],
    ['oci', '/a/../b', 'must be written /b'],
    ['oci-archive', './a.tar', 'must be an absolute path'],
    ['oci-archive', '/', 'matches nothing; write "" for everything'],
    ['dir', 'a', 'must be an absolute path'],
    ['dir', '/a/.', 'must be written /a'],
    ['docker-archive', '/a.tar', 'can only have the scope ""'],
    ['docker', 'https://registry.example.com', 'must be HOST[:PORT][/PATH], a name with tag or digest, or *.DOMAIN'],
    ['docker', 'docker://a.example/os', 'must be HOST[:PORT][/PATH], a name with tag or digest, or *.DOMAIN'],
    ['docker', 'a.example/', 'must be HOST[:PORT][/PATH], a name with tag or digest, or *.DOMAIN'],
    ['docker', ' a.example', 'must be HOST[:PORT][/PATH], a name with tag or digest, or *.DOMAIN'],
    ['docker', 'A.example/os', 'must be in lower case'],
    ['docker', 'a.example/OS', 'must be in lower case'],
    ['docker', '*.a.example/os', 'must be *.DOMAIN, in lower case, without port or path'],
    ['docker', '*.a.example:5000', 'must be *.DOMAIN, in lower case, without port or path'],
    ['docker', '*', 'must be HOST[:PORT][/PATH], a name with tag or digest, or *.DOMAIN'],
    ['docker', 'busybox', 'must begin with a host: docker.io/library/busybox'],
    ['docker', 'os/example', 'must begin with a host: docker.io/os/example'],
    ['docker', 'docker.io/busybox:1', 'must be written docker.io/library/busybox:1'],
    ['docker', 'index.docker.io', 'must be written docker.io'],
    ['docker', 'index.docker.io/library', 'must be written docker.io'],
  ])('refuses the scope of %s %j', (transport, scope, reason) => {
    const text = JSON.stringify({ default: accept, transports: { [transport]: { [scope]: reject } } });
    expect(() => parsePolicy(text, 'policy.json')).toThrow(
      expect.objectContaining({
        code: 'POLICY_INVALID',
        exitStatus: 2,
        message: `the policy cannot be used: no image falls into the scope "${scope}" of ${transport}: it ${reason}`,
      }),
    );
  });

  it.each([
    ['oci', ['', '/dir', '/a:b']],
    ['docker', ['a.example', 'a.example:5000/os/x', '[::1]:5000/os', '*.a.example', '*.0.0.1', 'localhost/os']],
    ['docker', [`a.example/os:1.0_A`, `a.example/os@sha256:${'0'.repeat(64)}`, 'docker.io/library', 'docker.io/os']],
    ['containers-storage', ['[overlay@/var/lib]a']],
    ['ostree', ['os:/ostree/repo']],
  ])('takes what may match in %s: %j', (transport, scopes) => {
    const transports = { [transport]: Object.fromEntries(scopes.map((scope) => [scope, reject])) };
    expect(parsePolicy(JSON.stringify({ default: accept, transports }), 'policy.json').transports).toHaveProperty(
      transport,
    );
  });

  it('takes the files that distributions ship', () => {
    const policy = {
      default: accept,
      transports: {
        docker: { 'registry.example.com': [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/etc/pki/key' }] },
        'docker-daemon': { '': accept },
      },
    };
    expect(parsePolicy(JSON.stringify(policy, null, 4), '/etc/containers/policy.json').path).toBe(
      '/etc/containers/policy.json',
    );
  });
});
