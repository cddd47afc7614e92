/** Saga: a trip is booked step by step; when a step fails, those before it are undone, last one first. */

import { App, Failure } from "rondo";

export const app = new App();

interface Trip {
  traveller: string;
  city: string;
  nights: number;
  /** What kind of car, if any; `convertible` is always sold out. */
  car: string | null;
}

interface Reservation {
  what: string;
  /** The provider's number for it. */
  number: string;
}

const reserveFlight = app.activity(
  "reserve_flight",
  (trip: Trip): Reservation => ({ what: `flight to ${trip.city}`, number: numberOf("FL", trip) }),
  { description: "Reserves a flight." },
);

const reserveHotel = app.activity(
  "reserve_hotel",
  (trip: Trip): Reservation => {
    if (trip.nights === 0) {
      throw new Failure("no-nights", "a hotel stay has at least one night", { nonRetriable: true });
    }
    return { what: `${trip.nights} nights in ${trip.city}`, number: numberOf("HO", trip) };
  },
  { description: "Reserves a hotel." },
);

const reserveCar = app.activity(
  "reserve_car",
  (trip: Trip): Reservation => {
    if (trip.car === "convertible") {
      throw new Failure("sold-out", `no ${trip.car} in ${trip.city}`);
    }
    return { what: trip.car ?? "", number: numberOf("CA", trip) };
  },
  { description: "Reserves a car." },
);

const undo = app.activity(
  "undo",
  ({ what, number }: Reservation) => {
    // A provider is asked to forget the number; asking twice does no harm.
    if (number === "") {
      throw new Failure("unknown-reservation", what, { nonRetriable: true });
    }
  },
  { description: "Gives a reservation back." },
);

app.orchestration(
  "trip",
  async (ctx, trip: Trip) => {
    const reservations: Reservation[] = [];
    try {
      reservations.push(await ctx.activity(reserveFlight, trip));
      reservations.push(await ctx.activity(reserveHotel, trip));
      if (trip.car !== null) {
        const twice = { attempts: 2, firstInterval: 100 };
        reservations.push(await ctx.activity(reserveCar, trip, { retry: twice }));
      }
      return { status: "booked", reservations };
    } catch (error) {
      if (!Failure.is(error)) {
        throw error;
      }
      console.warn(`rolling back ${reservations.length} reservations: ${error}`);
      reservations.reverse();
      for (const reservation of reservations) {
        // Undoing must succeed in the end, however long it takes.
        const stubborn = { attempts: 1_000, backoff: 2, maxInterval: { minutes: 10 } };
        await ctx.activity(undo, reservation, { retry: stubborn });
      }
      return { status: "rolled-back", reason: error.kind, undone: reservations };
    }
  },
  { description: "Books flight, hotel and car, or nothing." },
);

/** The same trip always gets the same number, so that a repeated attempt does not reserve twice. */
function numberOf(prefix: string, { traveller, city }: Trip): string {
  const letters = Array.from(traveller + city, (letter) => letter.codePointAt(0) ?? 0);
  return prefix + letters.reduce((sum, letter) => sum + letter, 0);
}
