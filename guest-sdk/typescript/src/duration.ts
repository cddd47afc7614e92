/** Milliseconds, or a sum of larger units: `{ days: 3 }`, `{ minutes: 1, seconds: 30 }`. */
export type Duration =
  | number
  | {
      readonly days?: number;
      readonly hours?: number;
      readonly minutes?: number;
      readonly seconds?: number;
      readonly milliseconds?: number;
    };

const UNITS_MS = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1_000, milliseconds: 1 };

/** Whole milliseconds; 0 for what is negative, 2^53 - 1 when there are more. Throws for what is no duration. */
export function millis(duration: Duration): number {
  if (typeof duration === "number") {
    return whole(duration);
  }
  let sum = 0;
  for (const [unit, count] of Object.entries(duration)) {
    const unitMs = Object.prototype.hasOwnProperty.call(UNITS_MS, unit) ? UNITS_MS[unit as keyof typeof UNITS_MS] : NaN;
    sum += count === undefined ? 0 : unitMs * count;
  }
  return whole(sum);
}

/** Milliseconds since 1970 of a moment; 0 for what is earlier. Throws for an invalid date. */
export function moment(at: Date | number): number {
  return whole(Number(at));
}

function whole(ms: number): number {
  if (typeof ms !== "number" || Number.isNaN(ms)) {
    throw new TypeError("a duration is a number of milliseconds or an object like { days: 3 }");
  }
  return Math.min(Math.max(Math.round(ms), 0), Number.MAX_SAFE_INTEGER);
}
