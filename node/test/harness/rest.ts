/** Requests over REST with nothing in between: exact bytes out, status and text back. */

export interface RestReply {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** The body as JSON; numbers beyond 2^53 are rounded, so tests of those read `text`. */
  readonly json: RestBody;
}

export interface RestBody {
  readonly result?: unknown;
  readonly status?: unknown;
  readonly time?: unknown;
}

export type RestCaller = (
  method: string,
  path: string,
  body?: string | Uint8Array | object,
  headers?: Readonly<Record<string, string>>,
) => Promise<RestReply>;

function bytesOf(body: string | Uint8Array | object | undefined): string | Uint8Array<ArrayBuffer> | null {
  if (body === undefined) return null;
  if (body instanceof Uint8Array) return Uint8Array.from(body);
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function parsed(text: string): RestBody {
  try {
    return JSON.parse(text) as RestBody;
  } catch {
    return {};
  }
}

export function restCaller(url: string, defaults: Readonly<Record<string, string>> = {}): RestCaller {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      body: bytesOf(body),
      headers: { 'content-type': 'application/json', ...defaults, ...headers },
    });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers, json: parsed(text) };
  };
}

/** The text of an error answer, or '' when it is none. */
export function errorText(reply: RestReply): string {
  const { status } = reply.json;
  if (typeof status !== 'object' || status === null || !('error' in status)) return '';
  return String(status.error);
}
