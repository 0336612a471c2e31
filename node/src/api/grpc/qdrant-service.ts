/** The banner of the node, over gRPC. */
import { apiVersion } from '../../version.js';
import { HealthCheckReply, type QdrantDefinition } from './generated/qdrant.js';
import type { RawMethods } from './raw-service.js';

export const qdrantMethods: RawMethods<typeof QdrantDefinition> = {
  healthCheck: () =>
    HealthCheckReply.encode({
      title: 'qdrant - vector search engine',
      version: apiVersion,
      commit: undefined,
    }).finish(),
};
