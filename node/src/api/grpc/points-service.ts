/** The Points service: its writes, its reads, and the methods that are not served yet. */
import type { NodeServices } from '../../service/node-services.js';
import type { PointsDefinition } from './generated/points_service.js';
import { pointReads } from './point-reads.js';
import { pointWrites } from './point-writes.js';
import type { RawMethods } from './raw-service.js';

export function pointsMethods(services: NodeServices): RawMethods<typeof PointsDefinition> {
  return {
    ...pointWrites(services),
    ...pointReads(services),
    createVectorName: 'not-served',
    deleteVectorName: 'not-served',
    searchGroups: 'not-served',
    recommend: 'not-served',
    recommendBatch: 'not-served',
    recommendGroups: 'not-served',
    discover: 'not-served',
    discoverBatch: 'not-served',
    queryGroups: 'not-served',
    facet: 'not-served',
    searchMatrixPairs: 'not-served',
    searchMatrixOffsets: 'not-served',
  };
}
