package main

import (
	"fmt"
	"slices"
	"time"

	"rondo"
	"rondo/activity"
)

// Saga: a trip is booked step by step; when a step fails, the steps before it are undone.

func init() {
	rondo.Register("trip", trip, rondo.Description("Books flight, hotel and car, or nothing."))
	activity.Register("reserve_flight", reserveFlight, activity.Description("Reserves a flight."))
	activity.Register("reserve_hotel", reserveHotel, activity.Description("Reserves a hotel."))
	activity.Register("reserve_car", reserveCar, activity.Description("Reserves a car."))
	activity.Register("undo", undo, activity.Description("Gives a reservation back."))
}

// Trip is what a traveller wants.
type Trip struct {
	Traveller string `json:"traveller"`
	City      string `json:"city"`
	Nights    int    `json:"nights"`
	// Car is what kind of car, if any; a convertible is always sold out.
	Car *string `json:"car"`
}

// Reservation is what the activities that make it and undo it talk about.
type Reservation struct {
	What   string `json:"what"`
	Number string `json:"number"`
}

// Booking is how it ended.
type Booking struct {
	Status       string        `json:"status"`
	Reservations []Reservation `json:"reservations,omitempty"`
	// Reason is the kind of the failure that was the reason for rolling back.
	Reason string `json:"reason,omitempty"`
	// Undone is in the order in which it was undone.
	Undone []Reservation `json:"undone,omitempty"`
}

func trip(ctx rondo.Context, trip Trip) (Booking, error) {
	reservations, failed := book(ctx, trip)
	if failed == nil {
		return Booking{Status: "booked", Reservations: reservations}, nil
	}
	ctx.Warnf("rolling back %d reservations: %v", len(reservations), failed)
	slices.Reverse(reservations)
	// Undoing must succeed in the end, however long it takes.
	stubborn := rondo.Retry{MaxAttempts: 1_000, Backoff: 2, MaxInterval: 10 * time.Minute}
	for _, reservation := range reservations {
		if err := ctx.Activity("undo", reservation, stubborn).Get(nil); err != nil {
			return Booking{}, err
		}
	}
	return Booking{Status: "rolled-back", Reason: rondo.KindOf(failed), Undone: reservations}, nil
}

// book returns every reservation that was made, also when a later one fails.
func book(ctx rondo.Context, trip Trip) (made []Reservation, err error) {
	steps := []string{"reserve_flight", "reserve_hotel"}
	if trip.Car != nil {
		steps = append(steps, "reserve_car")
	}
	for _, step := range steps {
		var options []rondo.ActivityOption
		if step == "reserve_car" {
			options = append(options, rondo.Retry{MaxAttempts: 2, FirstInterval: 100 * time.Millisecond})
		}
		reservation, err := rondo.Call[Reservation](ctx, step, trip, options...)
		if err != nil {
			return made, err
		}
		made = append(made, reservation)
	}
	return made, nil
}

func reserveFlight(_ activity.Context, trip Trip) (Reservation, error) {
	return Reservation{What: "flight to " + trip.City, Number: number("FL", trip)}, nil
}

func reserveHotel(_ activity.Context, trip Trip) (Reservation, error) {
	if trip.Nights == 0 {
		return Reservation{}, activity.NewFinalFailure("no-nights", "a hotel stay has at least one night")
	}
	return Reservation{What: fmt.Sprintf("%d nights in %s", trip.Nights, trip.City), Number: number("HO", trip)}, nil
}

func reserveCar(_ activity.Context, trip Trip) (Reservation, error) {
	if *trip.Car == "convertible" {
		return Reservation{}, activity.NewFailure("sold-out", "no "+*trip.Car+" in "+trip.City)
	}
	return Reservation{What: *trip.Car, Number: number("CA", trip)}, nil
}

func undo(_ activity.Context, reservation Reservation) (activity.None, error) {
	// A provider is asked to forget the number; asking twice does no harm.
	if reservation.Number == "" {
		return activity.None{}, activity.NewFinalFailure("unknown-reservation", reservation.What)
	}
	return activity.None{}, nil
}

// number is the same for the same trip, so that a repeated attempt does not reserve twice.
func number(prefix string, trip Trip) string {
	sum := 0
	for _, b := range []byte(trip.Traveller + trip.City) {
		sum += int(b)
	}
	return fmt.Sprintf("%s%d", prefix, sum)
}
