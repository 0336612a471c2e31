/**
 * Matches the few routes that carry nearly all requests with one regular expression, in front of the
 * general router and everything that it does per request.
 */
import type { Route } from './request.js';

const hotPath = /^\/collections\/([^/]+)\/points(\/search|\/query|\/search\/batch|\/query\/batch|\/scroll)?\/?$/;
const pointsPattern = '/collections/{name}/points';

export interface HotMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

export class HotRoutes {
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(routes: readonly Route[]) {
    this.#routes = new Map(routes.map((route) => [`${route.method} ${route.pattern}`, route]));
  }

  match(method: string | undefined, path: string): HotMatch | null {
    const found = hotPath.exec(path);
    if (found === null) return null;
    const route = this.#routes.get(`${method ?? ''} ${pointsPattern}${found[2] ?? ''}`);
    const name = decoded(found[1] ?? '');
    return route === undefined || name === null ? null : { route, params: { name } };
  }
}

function decoded(part: string): string | null {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
