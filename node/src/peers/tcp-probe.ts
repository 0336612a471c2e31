import { connect } from 'node:net';
import { ConnectError, type ConnectFailure } from './connect-error.js';

function failureOf(error: Error): ConnectFailure {
  if (!('code' in error)) return 'protocol';
  switch (error.code) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
    case 'EHOSTUNREACH':
    case 'EHOSTDOWN':
      return 'refused';
    case 'ETIMEDOUT':
    case 'ENETUNREACH':
      return 'timeout';
    default:
      return 'protocol';
  }
}

/**
 * Resolves when somebody takes a TCP connection there. grpc-js tells a refused connection from a slow one only in the
 * text of its errors, and goes on connecting for minutes after its client was closed; a socket of our own does neither.
 */
export function probeTcp(ip: string, port: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: ip, port });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new ConnectError('timeout', `No connection to ${ip} port ${port} within ${timeoutMs} ms`));
    }, timeoutMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(new ConnectError(failureOf(error), error.message, { cause: error }));
    });
  });
}
