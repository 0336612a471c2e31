/** Every route of the REST API. */
import type { NodeServices } from '../../../service/node-services.js';
import type { NodeMetrics } from '../../../telemetry/node-metrics.js';
import type { NodeTelemetry } from '../../../telemetry/node-telemetry.js';
import type { Route } from '../request.js';
import { clusterRoutes } from './cluster-routes.js';
import { collectionsRoutes } from './collections-routes.js';
import { pointsRoutes } from './points-routes.js';
import { queryRoutes } from './query-routes.js';
import { serviceRoutes } from './service-routes.js';

export function allRoutes(services: NodeServices, metrics: NodeMetrics, telemetry: NodeTelemetry): readonly Route[] {
  return [
    ...serviceRoutes(services, metrics, telemetry),
    ...collectionsRoutes(services),
    ...clusterRoutes(services),
    ...queryRoutes(services),
    ...pointsRoutes(services),
  ];
}
