/**
 * How many points the next range of a copy has. Pure.
 *
 * What is sent is one message, and one record of the target's log, so it is bounded in bytes. What is only
 * compared costs a round trip and no bytes: as long as everything is equal, ranges grow.
 */
export interface RangeSizeLimits {
  /** What a range that is sent should come to. */
  readonly sentBytes: number;
  readonly sentPointsMax: number;
  readonly comparedPointsMax: number;
}

export const defaultRangeSizeLimits: RangeSizeLimits = {
  sentBytes: 1024 * 1024,
  sentPointsMax: 1_000,
  comparedPointsMax: 8_192,
};

/** Before anything is known of the sizes of points. */
const firstSentPoints = 64;

export class RangeSizes {
  readonly #limits: RangeSizeLimits;
  #sent: number;
  #compared: number;

  constructor(limits: RangeSizeLimits = defaultRangeSizeLimits) {
    this.#limits = limits;
    this.#sent = Math.min(firstSentPoints, limits.sentPointsMax);
    this.#compared = this.#sent;
  }

  /** Points of a range that is sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Points of the next range that is compared; at least as many as are sent. */
  get compared(): number {
    return Math.max(this.#sent, this.#compared);
  }

  noteEqual(): void {
    this.#compared = Math.min(this.compared * 2, this.#limits.comparedPointsMax);
  }

  noteDifferent(): void {
    this.#compared = 0;
  }

  /** At most four times as many as before: the first points may be smaller than those to come. */
  noteSent(points: number, bytes: number): void {
    if (points === 0) return;
    const fitting = Math.floor(this.#limits.sentBytes / (bytes / points));
    this.#sent = Math.max(1, Math.min(fitting, this.#sent * 4, this.#limits.sentPointsMax));
  }
}
