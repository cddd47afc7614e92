import { stackOf } from "../failure.js";

/** What `console.log` makes of its arguments: texts as they are, errors with their stack, anything else as JSON. */
export function format(values: readonly unknown[]): string {
  const [first, ...rest] = values;
  if (typeof first !== "string" || !first.includes("%")) {
    return values.map(show).join(" ");
  }
  const left = [...rest];
  const text = first.replace(/%[sdifjoOc%]/g, (directive) => {
    if (directive === "%%") {
      return "%";
    }
    return left.length === 0 ? directive : substitute(directive, left.shift());
  });
  return [text, ...left.map(show)].join(" ");
}

function substitute(directive: string, value: unknown): string {
  switch (directive) {
    case "%d":
      return String(Number(value));
    case "%i":
      return String(Math.trunc(Number(value)));
    case "%f":
      return String(Number(value));
    case "%c":
      return "";
    default:
      return show(value);
  }
}

function show(value: unknown): string {
  if (typeof value === "string") {
    return value;
  }
  if (value instanceof Error) {
    return stackOf(value);
  }
  if (typeof value !== "object" || value === null) {
    return String(value);
  }
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
