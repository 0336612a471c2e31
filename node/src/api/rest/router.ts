/** Routes everything that is not hot, on express: matching only, no middleware. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import type { Route } from './request.js';

export type RoutedOutcome =
  | { readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly status: 404 | 405 | 400; readonly message: string; readonly allow: readonly string[] };

/** Finds the route of a request, or why there is none. */
export type Routed = (request: IncomingMessage, response: ServerResponse) => Promise<RoutedOutcome>;

/** `{name}` in our patterns is `:name` in those of express. */
function expressPattern(pattern: string): string {
  return pattern.replaceAll(/\{(\w+)\}/g, ':$1');
}

export function buildRouter(routes: readonly Route[]): Routed {
  const app = express();
  app.disable('etag');
  app.disable('x-powered-by');
  app.set('case sensitive routing', true);
  const waiting = new WeakMap<IncomingMessage, (outcome: RoutedOutcome) => void>();
  const settle = (request: IncomingMessage, outcome: RoutedOutcome): void => waiting.get(request)?.(outcome);

  for (const route of routes) {
    const pattern = expressPattern(route.pattern);
    // express answers HEAD by the GET route; the responder leaves the body out.
    app[methodName(route)](pattern, (request: Request) => {
      settle(request, { route, params: textParams(request.params) });
    });
  }
  for (const pattern of new Set(routes.map((route) => route.pattern))) {
    const allow = routes.filter((route) => route.pattern === pattern).map((route) => route.method);
    app.all(expressPattern(pattern), (request: Request) => {
      settle(request, { status: 405, message: `Method ${request.method} is not allowed here`, allow });
    });
  }
  app.use((request: Request) => {
    settle(request, { status: 404, message: 'Not found: there is no such path', allow: [] });
  });
  app.use((error: unknown, request: Request, _response: Response, next: NextFunction) => {
    if (waiting.has(request)) settle(request, { status: 400, message: 'The path is not valid', allow: [] });
    else next(error);
  });

  return (request, response) =>
    new Promise((resolve) => {
      waiting.set(request, resolve);
      app(request, response);
    });
}

function methodName(route: Route): 'get' | 'post' | 'put' | 'patch' | 'delete' {
  switch (route.method) {
    case 'GET':
      return 'get';
    case 'POST':
      return 'post';
    case 'PUT':
      return 'put';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
  }
}

function textParams(params: Request['params']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([key, value]) => [key, Array.isArray(value) ? value.join('/') : value]),
  );
}
