import { once } from 'node:events';
import { connect } from 'node:http2';
import { createServer, type AddressInfo } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { flowControlWindowBytes } from '../../src/peers/grpc-limits.js';
import { SessionWindows } from '../../src/peers/session-windows.js';
import { until } from './until.js';

it('lets a peer send more ahead than a stranger', async () => {
  const server = new Server();
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const windows = new SessionWindows(server);
  const names: string[] = [];
  const listener = createServer((socket) => {
    names.push(`${socket.remoteAddress}:${socket.remotePort}`);
    injector.injectConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const client = connect(`http://127.0.0.1:${(listener.address() as AddressInfo).port}`);
  try {
    await once(client, 'remoteSettings');
    expect(client.remoteSettings.initialWindowSize).toBe(65_535);
    expect(client.state.remoteWindowSize).toBe(65_535);

    windows.widen(names[0] ?? '');
    windows.widen('192.0.2.1:7');
    await until('the wider windows', () => client.state.remoteWindowSize === flowControlWindowBytes);
    expect(client.remoteSettings.initialWindowSize).toBe(flowControlWindowBytes);
  } finally {
    client.destroy();
    listener.close();
    server.forceShutdown();
  }
});

it('says when grpc-js has no such server', () => {
  expect(() => new SessionWindows(new Server())).toThrow('keeps its HTTP/2 servers elsewhere');
});
