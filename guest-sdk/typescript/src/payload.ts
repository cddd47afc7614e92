import { Failure, kind } from "./failure.js";
import type { Payload } from "./wire.js";

/** The JSON text of a value; none for `undefined` and `null`. Throws a `Failure` for what has no JSON form. */
export function encode(value: unknown): Payload {
  if (value === undefined || value === null) {
    return null;
  }
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Failure(kind.NOT_SERIALIZABLE, message, { nonRetriable: true, cause: error });
  }
  if (json === undefined) {
    throw new Failure(kind.NOT_SERIALIZABLE, `a ${typeof value} has no JSON form`, { nonRetriable: true });
  }
  return json === "null" ? null : json;
}

/** The value of a JSON text; `null` for none. Throws a `Failure` of kind `unfit` for a text that is no JSON. */
export function decode(payload: Payload | undefined, unfit: string): unknown {
  if (payload === null || payload === undefined) {
    return null;
  }
  try {
    return JSON.parse(payload);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Failure(unfit, `this is no JSON: ${message}`, { nonRetriable: true, cause: error });
  }
}
