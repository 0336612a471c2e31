/** Writes answers in the original's envelope, compressed when that is asked for and worth it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { ServiceError } from '../../errors.js';
import type { RestAnswer } from './request.js';

const compress = promisify(gzip);

/** Below this the compression takes longer than it saves. */
const gzipFromBytes = 8 * 1024;

const jsonType = 'application/json';
const envelopeStart = Buffer.from('{"result":');

function seconds(startedMs: number): number {
  return (performance.now() - startedMs) / 1000;
}

function envelopeEnd(startedMs: number): Buffer {
  return Buffer.from(`,"status":"ok","time":${seconds(startedMs)}}`);
}

function accepted(request: IncomingMessage): boolean {
  const header = request.headers['accept-encoding'];
  if (header === undefined) return false;
  const text = Array.isArray(header) ? header.join(',') : header;
  return text.split(',').some((part) => {
    const [name, ...parameters] = part.trim().toLowerCase().split(';');
    return (name === 'gzip' || name === '*') && !parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/.test(parameter));
  });
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  contentType: string,
  body: Buffer,
): Promise<void> {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  response.setHeader('Content-Type', contentType);
  let content = body;
  if (body.length >= gzipFromBytes) {
    response.setHeader('Vary', 'Accept-Encoding');
    if (accepted(request)) {
      content = await compress(body, { level: constants.Z_BEST_SPEED });
      response.setHeader('Content-Encoding', 'gzip');
    }
  }
  response.setHeader('Content-Length', content.length);
  response.end(request.method === 'HEAD' ? undefined : content);
}

export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: RestAnswer,
  startedMs: number,
): Promise<void> {
  switch (answer.kind) {
    case 'result': {
      const json = typeof answer.json === 'string' ? Buffer.from(answer.json, 'utf8') : answer.json;
      return send(request, response, 200, jsonType, Buffer.concat([envelopeStart, json, envelopeEnd(startedMs)]));
    }
    case 'json':
      return send(request, response, 200, jsonType, Buffer.from(answer.json, 'utf8'));
    case 'text':
      return send(request, response, answer.status, answer.contentType, Buffer.from(answer.text, 'utf8'));
  }
}

export async function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  error: ServiceError,
  startedMs: number,
): Promise<void> {
  if (response.headersSent) return;
  if (error.retryAfterSec !== null) response.setHeader('Retry-After', Math.ceil(error.retryAfterSec));
  // What is left of a body that was refused is not read: the connection cannot be used again.
  if (!request.complete) response.setHeader('Connection', 'close');
  const body = JSON.stringify({ status: { error: error.text }, time: seconds(startedMs) });
  return send(request, response, error.httpStatus, jsonType, Buffer.from(body, 'utf8'));
}

/** A status of HTTP itself that no service error stands for: unknown paths and methods. */
export async function sendStatus(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  message: string,
  startedMs: number,
): Promise<void> {
  if (!request.complete) response.setHeader('Connection', 'close');
  const body = JSON.stringify({ status: { error: message }, time: seconds(startedMs) });
  return send(request, response, status, jsonType, Buffer.from(body, 'utf8'));
}
