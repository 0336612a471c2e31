/** Outcomes of writes. */
import type { UpdateResult as ServiceUpdateResult } from '../../../service/points-service.js';
import { PointsOperationResponse, UpdateStatus, type UpdateResult } from '../generated/points.js';

function updateStatus(status: ServiceUpdateResult['status']): UpdateStatus {
  switch (status) {
    case 'acknowledged':
      return UpdateStatus.Acknowledged;
    case 'completed':
      return UpdateStatus.Completed;
    case 'wait_timeout':
      return UpdateStatus.WaitTimeout;
  }
}

export function updateResultMessage({ operationId, status }: ServiceUpdateResult): UpdateResult {
  return { operationId: operationId === null ? undefined : BigInt(operationId), status: updateStatus(status) };
}

export function operationResponse(result: ServiceUpdateResult, time: number): Uint8Array {
  return PointsOperationResponse.encode({ result: updateResultMessage(result), time, usage: undefined }).finish();
}
