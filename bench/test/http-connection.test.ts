import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpConnection, httpRequest } from '../src/http-connection.js';

/** What a server of node:http and one of node:net have in common here. */
interface Listener {
  listen(port: number, host: string, done: () => void): unknown;
  address(): AddressInfo | string | null;
  close(done: () => void): unknown;
}

let server: Listener | null = null;

afterEach(async () => {
  await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
  server = null;
});

async function listen(target: Listener): Promise<number> {
  server = target;
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', () => resolve()));
  return (target.address() as AddressInfo).port;
}

describe('HttpConnection', () => {
  it('carries one request after the other over one connection', async () => {
    let connections = 0;
    const port = await listen(
      createServer((request, answer) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const text = `${request.method ?? ''} ${request.url ?? ''} ${Buffer.concat(chunks).toString('utf8')}`;
          answer.writeHead(201, { 'content-length': Buffer.byteLength(text) }).end(text);
        });
      }).on('connection', () => connections++),
    );
    const connection = await HttpConnection.open('127.0.0.1', port);
    // Longer than one read of the socket, and of two bytes a character.
    const large = 'ü'.repeat(200_000);
    const first = await connection.send(httpRequest('localhost', 'PUT', '/a', large));
    const second = await connection.send(httpRequest('localhost', 'POST', '/b', '{}'));
    connection.close();
    expect(first.status).toBe(201);
    expect(first.body.equals(Buffer.from(`PUT /a ${large}`))).toBe(true);
    expect(second.body.toString('utf8')).toBe('POST /b {}');
    expect(connections).toBe(1);
  });

  it('reads an answer that arrives byte by byte', async () => {
    const answer = 'HTTP/1.1 503 Unavailable\r\nContent-Length: 5\r\n\r\nsorry';
    const port = await listen(
      createTcpServer((socket) => {
        socket.setNoDelay(true);
        socket.once('data', () => {
          let sent = 0;
          const next = (): void => {
            if (sent < answer.length) socket.write(answer[sent++]!, () => setImmediate(next));
          };
          next();
        });
      }),
    );
    const connection = await HttpConnection.open('127.0.0.1', port);
    const { status, body } = await connection.send(httpRequest('localhost', 'GET', '/', ''));
    connection.close();
    expect([status, body.toString('utf8')]).toEqual([503, 'sorry']);
  });

  it('fails the request in flight, and every later one, when the node closes', async () => {
    const port = await listen(createTcpServer((socket) => socket.once('data', () => socket.end())));
    const connection = await HttpConnection.open('127.0.0.1', port);
    await expect(connection.send(httpRequest('localhost', 'GET', '/', ''))).rejects.toThrow('closed');
    expect(connection.usable).toBe(false);
    await expect(connection.send(httpRequest('localhost', 'GET', '/', ''))).rejects.toThrow('closed');
  });

  it('refuses a second request while one is in flight', async () => {
    const port = await listen(createTcpServer((socket) => socket.resume()));
    const connection = await HttpConnection.open('127.0.0.1', port);
    const first = expect(connection.send(httpRequest('localhost', 'GET', '/', ''))).rejects.toThrow('was closed');
    await expect(connection.send(httpRequest('localhost', 'GET', '/', ''))).rejects.toThrow('in flight');
    connection.close();
    await first;
  });
});
