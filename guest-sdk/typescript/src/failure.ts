import { text } from "./wire.js";
import type * as wire from "./wire.js";

/** The failure kinds that this SDK produces. The host has more, see its documentation. */
export const kind = {
  /** Whatever is thrown without a kind of its own. */
  ERROR: "error",
  /** The input is not what the orchestration or the activity expects. */
  INVALID_INPUT: "invalid-input",
  /** A result, or the data of an event, is no JSON. */
  INVALID_OUTPUT: "invalid-output",
  /** A value has no JSON form. */
  NOT_SERIALIZABLE: "not-serializable",
  /** `ctx.timeout` ran out. */
  TIMEOUT: "timeout",
  /** Something was awaited after it had been canceled. */
  CANCELED: "canceled",
  /** The component has no orchestration of that name. */
  ORCHESTRATION_NOT_FOUND: "orchestration-not-found",
  /** The component has no activity of that name. */
  ACTIVITY_NOT_FOUND: "activity-not-found",
  /** The code awaits something that nothing will ever complete. */
  STALLED: "stalled",
} as const;

/** What a failure may say besides its kind and its message. */
export interface FailureOptions {
  /** Anything else, for example a JSON document. */
  details?: string | undefined;
  /** True when trying again cannot help; ends every retry policy at once. */
  nonRetriable?: boolean | undefined;
  /** What led to it; it goes no further than this component. */
  cause?: unknown;
}

/**
 * What a caller branches on (`kind`), what a person reads (`message`), and anything else (`details`).
 *
 * Throw it in an orchestration or an activity; catch it around what you await:
 *
 * ```ts
 * try {
 *   await ctx.activity(charge, order);
 * } catch (error) {
 *   if (!Failure.is(error, "card-declined")) throw error;
 * }
 * ```
 *
 * Any other error that has a `kind` counts as such a failure; those without one are of kind `error`, with the stack as
 * their details.
 */
export class Failure extends Error {
  /** A short, stable name to branch on. Retry policies match it exactly. */
  readonly kind: string;
  readonly details: string | undefined;
  readonly nonRetriable: boolean;

  constructor(kind: string, message: string, options: FailureOptions = {}) {
    super(message);
    if (options.cause !== undefined) {
      Object.defineProperty(this, "cause", { value: options.cause, configurable: true, writable: true });
    }
    this.kind = kind;
    this.details = options.details;
    this.nonRetriable = options.nonRetriable ?? false;
  }

  override toString(): string {
    return `${this.kind}: ${this.message}`;
  }

  /** Whether something that was caught is a failure, and of a kind, if that is given. */
  static is(error: unknown, kind?: string): error is Failure {
    return error instanceof Failure && (kind === undefined || error.kind === kind);
  }
}
Object.defineProperty(Failure.prototype, "name", { value: "Failure", configurable: true, writable: true });

/** Thrown to leave an orchestration that continues as new. */
export class ContinuesAsNew extends Error {
  constructor() {
    super("the execution continues as new");
    Object.defineProperty(this, "name", { value: "ContinuesAsNew", configurable: true, writable: true });
  }
}

/** What whoever still awaits something hears after it was canceled. */
export function canceled(): Failure {
  return new Failure(kind.CANCELED, "it was canceled", { nonRetriable: true });
}

/** The error that stands for a failure in what the host tells. */
export function fromWire(failure: wire.Failure): Failure {
  const { kind, message, details, nonRetriable } = failure;
  return new Failure(kind, message, { details: details ?? undefined, nonRetriable });
}

/** The failure that stands for anything that was thrown, in what the host is told. Never throws. */
export function toWire(thrown: unknown): wire.Failure {
  try {
    return describe(thrown);
  } catch {
    // A getter or a `toString` of the user's, which must not hide that something has happened.
    return {
      kind: kind.ERROR,
      message: "something was thrown that cannot be read",
      details: null,
      nonRetriable: false,
    };
  }
}

function describe(thrown: unknown): wire.Failure {
  if (typeof thrown !== "object" || thrown === null) {
    return { kind: kind.ERROR, message: text(String(thrown)), details: null, nonRetriable: false };
  }
  const error = thrown as { kind?: unknown; message?: unknown; details?: unknown; nonRetriable?: unknown };
  const hasKind = typeof error.kind === "string";
  const name = thrown instanceof Error ? thrown.name : "an object";
  const said = typeof error.message === "string" ? error.message : plain(thrown);
  const details = typeof error.details === "string" ? error.details : undefined;
  const stack = thrown instanceof Error && !(thrown instanceof Failure) ? stackOf(thrown) : undefined;
  return {
    kind: hasKind ? text(error.kind as string) : kind.ERROR,
    message: text(said === "" && !hasKind ? name : said),
    details: textOrNull(details ?? stack),
    nonRetriable: hasKind && error.nonRetriable === true,
  };
}

function plain(thrown: object): string {
  return JSON.stringify(thrown) ?? String(thrown);
}

function textOrNull(value: string | undefined): string | null {
  return value === undefined ? null : text(value);
}

/** So long a chain of causes is told. */
const CAUSES_MAX = 8;

/** What was called when an error was made, and the same of its causes. */
export function stackOf(error: Error): string {
  const parts: string[] = [];
  let link: unknown = error;
  while (link instanceof Error && parts.length < CAUSES_MAX) {
    const head = link.message === "" ? link.name : `${link.name}: ${link.message}`;
    const stack = (link.stack ?? "").trimEnd();
    // Some engines put the message in front of the stack.
    parts.push(stack.startsWith(link.name) ? stack : `${head}\n${stack}`.trimEnd());
    link = (link as { cause?: unknown }).cause;
  }
  return parts.join("\ncaused by ");
}
