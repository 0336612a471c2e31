/** Where a peer listens, as its URI says: `http://node-1:6335`, or `https` when the nodes talk over TLS. */
import { isIP } from 'node:net';

export const defaultPeerPort = 6335;

export interface PeerAddress {
  /** A name or an IP address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export class PeerAddressError extends Error {
  override readonly name = 'PeerAddressError';
}

/** Throws a `PeerAddressError` that says what is wrong with the URI. */
export function parsePeerUri(uri: string): PeerAddress {
  let url: URL;
  try {
    url = new URL(uri);
  } catch {
    throw new PeerAddressError(`"${uri}" is no URI: a peer is named like http://node-1:${defaultPeerPort}`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new PeerAddressError(`"${uri}" begins with ${url.protocol}//, and should with http:// or https://`);
  }
  if (url.hostname === '') throw new PeerAddressError(`"${uri}" names no host`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: portOf(url, uri) };
}

/** The URL class drops a port that is the usual one of the scheme, so it is read from the text. */
function portOf(url: URL, uri: string): number {
  if (url.port !== '') return Number(url.port);
  const usual = url.protocol === 'http:' ? 80 : 443;
  return new RegExp(`^[^/]+//[^/?#]*:0*${usual}(?:[/?#]|$)`).test(uri.trim()) ? usual : defaultPeerPort;
}

/** What gRPC calls a target: one IP address, so that it resolves nothing by itself. */
export function grpcTarget(ip: string, port: number): string {
  return isIP(ip) === 6 ? `ipv6:[${ip}]:${port}` : `ipv4:${ip}:${port}`;
}

export function hostAndPort({ host, port }: PeerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
