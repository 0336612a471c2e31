/** Routes about the node itself: banner, health, telemetry and metrics. */
import type { NodeServices } from '../../../service/node-services.js';
import type { NodeMetrics } from '../../../telemetry/node-metrics.js';
import type { NodeTelemetry } from '../../../telemetry/node-telemetry.js';
import { apiVersion } from '../../../version.js';
import { result, type RestAnswer, type RestHandler, type Route } from '../request.js';

const textType = 'text/plain; charset=utf-8';

function text(status: number, content: string, contentType = textType): RestAnswer {
  return { kind: 'text', status, contentType, text: content };
}

export function serviceRoutes(
  { readiness }: NodeServices,
  metrics: NodeMetrics,
  telemetry: NodeTelemetry,
): readonly Route[] {
  const alive: RestHandler = () => text(200, 'healthz check passed');
  return [
    {
      method: 'GET',
      pattern: '/',
      open: true,
      // Official clients read the title and the version before anything else.
      handler: () => ({
        kind: 'json',
        json: JSON.stringify({ title: 'qdrant - vector search engine', version: apiVersion, commit: '' }),
      }),
    },
    { method: 'GET', pattern: '/healthz', open: true, handler: alive },
    { method: 'GET', pattern: '/livez', open: true, handler: alive },
    {
      method: 'GET',
      pattern: '/readyz',
      open: true,
      handler: () => (readiness.ready ? text(200, 'all shards are ready') : text(503, 'some shards are not ready')),
    },
    { method: 'GET', pattern: '/telemetry', handler: ({ query }) => result(telemetry.report(query)) },
    {
      method: 'GET',
      pattern: '/metrics',
      handler: async () => text(200, await metrics.render(), metrics.contentType),
    },
    { method: 'GET', pattern: '/issues', handler: () => result({ issues: [] }) },
    { method: 'DELETE', pattern: '/issues', handler: () => result(true) },
  ];
}
