import type { Tool } from '../tool.ts';

const packages = { deb: 'apt', rpm: 'apt' };

export const aptGet: Tool = { name: 'apt-get', packages, purpose: 'chooses the versions of Debian packages' };

export const aptCache: Tool = { name: 'apt-cache', packages, purpose: 'reads the indexes of Debian repositories' };

export const aptConfig: Tool = { name: 'apt-config', packages, purpose: "learns the machine's proxy" };
