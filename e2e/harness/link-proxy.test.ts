import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LinkProxy } from './link-proxy.js';
import { LoopbackBlock } from './loopback-block.js';

const port = 6335;

let block: LoopbackBlock;
let echo: Server;
let link: LinkProxy;

beforeEach(async () => {
  block = await LoopbackBlock.claim();
  const target = { host: block.node(0, 0), port };
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  echo.listen(target.port, target.host);
  await once(echo, 'listening');
  link = await LinkProxy.start({ host: block.link(1, 0, 0), port }, target);
});

afterEach(async () => {
  await link.stop();
  await new Promise((closed) => echo.close(closed));
  await block.release();
});

async function open(): Promise<Socket> {
  const socket = connect({ host: block.link(1, 0, 0), port });
  await once(socket, 'connect');
  return socket;
}

async function answer(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return bytes.toString();
}

describe('a link', () => {
  it('carries bytes both ways', async () => {
    const socket = await open();
    expect(await answer(socket, 'hello')).toBe('hello');
    socket.end();
    await once(socket, 'close');
  });

  it('resets what is open and refuses what comes when it is cut, until it is healed', async () => {
    const socket = await open();
    const reset = once(socket, 'error');
    await link.become({ kind: 'refused' });
    expect((await reset)[0]).toMatchObject({ code: 'ECONNRESET' });
    await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await link.heal();
    const again = await open();
    expect(await answer(again, 'again')).toBe('again');
    again.destroy();
  });

  it('swallows everything while it is silent, and resets it when it is healed', async () => {
    const socket = await open();
    expect(await answer(socket, 'before')).toBe('before');
    await link.become({ kind: 'silent' });
    const during = await open();
    let heard = 0;
    for (const one of [socket, during]) one.on('data', () => (heard += 1)).write('lost');
    const resets = [once(socket, 'error'), once(during, 'error')];
    await link.heal();
    await Promise.all(resets);
    expect(heard).toBe(0);
  });

  it('delays what passes', async () => {
    await link.become({ kind: 'open', delayMs: 40 });
    const socket = await open();
    const start = performance.now();
    expect(await answer(socket, 'slow')).toBe('slow');
    // There and back; timers may be early by a millisecond.
    expect(performance.now() - start).toBeGreaterThan(78);
    socket.destroy();
  });
});
