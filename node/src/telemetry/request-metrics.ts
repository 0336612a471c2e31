/** Counts and times of answered requests, for `/metrics` and `/telemetry`. */
import { Counter, Histogram, type Registry } from 'prom-client';

/** Buckets in seconds, from a fast search to the longest wait that callers use. */
const buckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

export class RequestMetrics {
  readonly #restCount: Counter<'method' | 'endpoint' | 'status'>;
  readonly #restDuration: Histogram<'method' | 'endpoint' | 'status'>;
  readonly #grpcCount: Counter<'endpoint' | 'status'>;
  readonly #grpcDuration: Histogram<'endpoint' | 'status'>;

  constructor(registry: Registry, prefix: string) {
    const registers = [registry];
    this.#restCount = new Counter({
      name: `${prefix}rest_responses_total`,
      help: 'total number of responses',
      labelNames: ['method', 'endpoint', 'status'],
      registers,
    });
    this.#restDuration = new Histogram({
      name: `${prefix}rest_responses_duration_seconds`,
      help: 'response duration histogram',
      labelNames: ['method', 'endpoint', 'status'],
      buckets,
      registers,
    });
    this.#grpcCount = new Counter({
      name: `${prefix}grpc_responses_total`,
      help: 'total number of responses',
      labelNames: ['endpoint', 'status'],
      registers,
    });
    this.#grpcDuration = new Histogram({
      name: `${prefix}grpc_responses_duration_seconds`,
      help: 'response duration histogram',
      labelNames: ['endpoint', 'status'],
      buckets,
      registers,
    });
  }

  /** `endpoint` is the route's pattern, never the path: names of collections are without limit. */
  restAnswered(method: string, endpoint: string, status: number, seconds: number): void {
    const labels = { method, endpoint, status: String(status) };
    this.#restCount.inc(labels);
    this.#restDuration.observe(labels, seconds);
  }

  /** `endpoint` is the full method name, such as `/qdrant.Points/Search`; `status` the gRPC code. */
  grpcAnswered(endpoint: string, status: number, seconds: number): void {
    const labels = { endpoint, status: String(status) };
    this.#grpcCount.inc(labels);
    this.#grpcDuration.observe(labels, seconds);
  }
}
