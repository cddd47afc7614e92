import { millis } from "./duration.js";
import type { Duration } from "./duration.js";
import { text } from "./wire.js";
import type { RetryPolicy } from "./wire.js";

/**
 * When a failed activity or child is tried again.
 *
 * The host does it: the orchestration hears only of the last outcome, and its history stays short.
 * Attempt n+1 begins `firstInterval * backoff ** (n - 1)`, at most `maxInterval`, after attempt n failed.
 */
export interface Retry {
  /** So many in all. Less than 1 counts as 1, which means no retry. */
  readonly attempts: number;
  /** How long to wait after the first failure; a second unless given. */
  readonly firstInterval?: Duration;
  /** By what each wait is longer than the one before; 1 unless given. */
  readonly backoff?: number;
  /** No wait is longer than this. */
  readonly maxInterval?: Duration;
  /** No attempt begins later than this after the first one was scheduled. */
  readonly timeout?: Duration;
  /** Failures of these kinds are final. */
  readonly unless?: readonly string[];
}

const ATTEMPTS_MAX = 2 ** 32 - 1;

/** A retry in the words of the contract. */
export function policy(retry: Retry | undefined): RetryPolicy | null {
  if (retry === undefined) {
    return null;
  }
  const { attempts, firstInterval = 1_000, backoff = 1, maxInterval, timeout, unless = [] } = retry;
  return {
    maxAttempts: Math.min(Math.max(Math.trunc(attempts) || 1, 1), ATTEMPTS_MAX),
    firstInterval: millis(firstInterval),
    backoffCoefficient: Number.isFinite(backoff) ? Math.max(backoff, 1) : 1,
    maxInterval: maxInterval === undefined ? null : millis(maxInterval),
    retryTimeout: timeout === undefined ? null : millis(timeout),
    nonRetriableKinds: unless.map(text),
  };
}
