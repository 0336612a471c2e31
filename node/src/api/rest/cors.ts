/** Cross-origin requests: any page may ask, since rights come from keys and never from cookies. */
import type { IncomingMessage, ServerResponse } from 'node:http';

const preflightCacheSec = 3600;

/** Sets the headers. True when the request was a preflight and is answered. */
export function applyCors(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.headers.origin === undefined) return false;
  response.setHeader('Access-Control-Allow-Origin', '*');
  const method = request.headers['access-control-request-method'];
  if (request.method !== 'OPTIONS' || method === undefined) {
    response.setHeader('Access-Control-Expose-Headers', '*');
    return false;
  }
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
  const headers = request.headers['access-control-request-headers'];
  if (headers !== undefined) response.setHeader('Access-Control-Allow-Headers', headers);
  response.setHeader('Access-Control-Max-Age', preflightCacheSec);
  response.setHeader('Content-Length', 0);
  response.statusCode = 200;
  response.end();
  return true;
}
