import { describe, expect, it } from 'vitest';
import { grpcTarget, hostAndPort, parsePeerUri, PeerAddressError } from '../../src/peers/peer-address.js';

describe('the URI of a peer', () => {
  it.each([
    ['http://node-1:6335', 'node-1', 6335],
    ['http://node-1:6335/', 'node-1', 6335],
    ['https://node-1.qdrant.svc:7000', 'node-1.qdrant.svc', 7000],
    ['http://node-1', 'node-1', 6335],
    ['http://node-1:80', 'node-1', 80],
    ['https://node-1:443/', 'node-1', 443],
    ['https://node-1:80', 'node-1', 80],
    ['http://10.0.0.1:6345', '10.0.0.1', 6345],
    ['http://[fd00::1]:6335', 'fd00::1', 6335],
    ['http://[fd00::1]', 'fd00::1', 6335],
    ['http://[fd00::1]:80', 'fd00::1', 80],
  ])('%s is understood', (uri, host, port) => {
    expect(parsePeerUri(uri)).toEqual({ host, port });
  });

  it.each(['', 'node-1', 'node-1:6335', 'ftp://node-1', 'http://', 'http://node-1:70000', 'http://:6335'])(
    '"%s" is refused with a sentence',
    (uri) => {
      expect(() => parsePeerUri(uri)).toThrow(PeerAddressError);
    },
  );

  it('becomes what gRPC understands without resolving anything', () => {
    expect(grpcTarget('10.0.0.1', 1)).toBe('ipv4:10.0.0.1:1');
    expect(grpcTarget('fd00::1', 1)).toBe('ipv6:[fd00::1]:1');
    expect(hostAndPort({ host: 'fd00::1', port: 1 })).toBe('[fd00::1]:1');
    expect(hostAndPort({ host: 'node', port: 1 })).toBe('node:1');
  });
});
