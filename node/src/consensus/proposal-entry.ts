/** What an entry of the log holds: an operation, and who proposed it, as JSON. */
import type { MetadataOperation } from '../metadata/metadata-operation.js';
import { metadataOperationSchema } from '../metadata/operation-schema.js';
import { isPeerId, type PeerId } from '../metadata/peer-id.js';

/** Names a proposal for good, so that it is applied once although it was sent to several leaders. */
export interface ProposalId {
  readonly peer: PeerId;
  /** Counts the starts of the peer's process. */
  readonly incarnation: number;
  /** Counts the proposals of a process. */
  readonly number: number;
}

export interface ProposalEntry {
  readonly id: ProposalId;
  /** The oldest proposal of that process that somebody still waits for: what is older may be forgotten. */
  readonly oldest: number;
  readonly operation: MetadataOperation;
}

export class ProposalFormatError extends Error {
  override readonly name = 'ProposalFormatError';
}

export function encodeProposal({ id, oldest, operation }: ProposalEntry): Uint8Array {
  return Buffer.from(JSON.stringify({ id: [id.peer, id.incarnation, id.number], oldest, op: operation }), 'utf8');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

export function decodeProposal(data: Uint8Array): ProposalEntry {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
  } catch {
    throw new ProposalFormatError('a proposal is not JSON');
  }
  const { id, oldest, op }: { id?: unknown; oldest?: unknown; op?: unknown } =
    typeof value === 'object' && value !== null ? value : {};
  const [peer, incarnation, number] = Array.isArray(id) ? (id as unknown[]) : [];
  if (!isPeerId(peer) || !isCount(incarnation) || !isCount(number) || !isCount(oldest) || oldest > number) {
    throw new ProposalFormatError('a proposal has no proper id');
  }
  const operation = metadataOperationSchema.safeParse(op);
  if (!operation.success) {
    const issue = operation.error.issues[0];
    throw new ProposalFormatError(
      `a proposal holds an operation that this version does not know: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
    );
  }
  return { id: { peer, incarnation, number }, oldest, operation: operation.data };
}
