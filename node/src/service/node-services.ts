/** What the APIs stand on: built once by main.ts and handed to the REST and the gRPC server. */
import type { Logger } from 'pino';
import type { Authenticator } from '../auth/authenticator.js';
import type { NativeCodec } from '../engine/addon.js';
import type { Settings } from '../settings/settings.js';
import type { Readiness } from '../telemetry/readiness.js';
import type { RequestMetrics } from '../telemetry/request-metrics.js';
import type { ClusterService } from './cluster-service.js';
import type { CollectionsService } from './collections-service.js';
import type { PointsService } from './points-service.js';

export interface NodeServices {
  readonly collections: CollectionsService;
  readonly points: PointsService;
  readonly cluster: ClusterService;
  readonly codec: NativeCodec;
  readonly authenticator: Authenticator;
  readonly settings: Settings;
  readonly readiness: Readiness;
  readonly metrics: RequestMetrics;
  readonly logger: Logger;
}
