import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConnectionListener } from '../../src/peers/connection-listener.js';

afterEach(() => {
  vi.useRealTimers();
});

async function listening(): Promise<{ listener: ConnectionListener; taken: Socket[]; open: () => Promise<Socket> }> {
  const taken: Socket[] = [];
  const listener = await ConnectionListener.listen('127.0.0.1', 0, (socket) => taken.push(socket));
  const open = async (): Promise<Socket> => {
    const before = taken.length;
    const socket = connect({ host: '127.0.0.1', port: listener.port });
    socket.resume();
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    while (taken.length === before) await new Promise((resolve) => setImmediate(resolve));
    return socket;
  };
  return { listener, taken, open };
}

const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}:${remotePort}`;

describe('the listening socket', () => {
  it('ends connections on which nobody was let in for some time, and no others', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { listener, taken, open } = await listening();
    const [stranger, friend] = [await open(), await open()];
    listener.confirm(nameOf(taken[1]!));
    listener.confirm('127.0.0.1:1');
    const ended = once(stranger, 'close');
    vi.advanceTimersByTime(60_000);
    await ended;
    expect(taken.map((socket) => socket.destroyed)).toEqual([true, false]);
    expect(friend.closed).toBe(false);
    const closed = listener.stopListening();
    listener.cut();
    await closed;
  });

  it('ends strangers at once when it stops, and waits for the others', async () => {
    const { listener, taken, open } = await listening();
    const [stranger, friend] = [await open(), await open()];
    listener.confirm(nameOf(taken[1]!));
    const ended = once(stranger, 'close');
    const closed = listener.stopListening();
    await ended;
    expect(friend.closed).toBe(false);
    friend.end();
    taken[1]!.end();
    await closed;
  });

  it('says that its port is taken', async () => {
    const { listener } = await listening();
    await expect(ConnectionListener.listen('127.0.0.1', listener.port, () => undefined)).rejects.toThrow('EADDRINUSE');
    await listener.stopListening();
  });
});
