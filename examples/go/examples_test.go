package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"rondo"
	"rondo/rondotest"
)

func TestChargingIsTriedAgain(t *testing.T) {
	stage, attempts := rondotest.New(t), 0
	rondotest.Activity(stage, "charge", func(quote Quote) (Payment, error) {
		if attempts++; attempts < 3 {
			return Payment{}, rondo.NewFailure("provider-down", "try later")
		}
		return Payment{Reference: "pay-1", ChargedCents: quote.TotalCents}, nil
	})
	run := stage.Run("order", Order{ID: "A-1", Country: "DE", Items: []Item{{SKU: "cup", Quantity: 2, PriceCents: 450}}})
	receipt, err := rondotest.Result[Receipt](run)
	if want := (Receipt{OrderID: "A-1", PaidCents: 1071, Label: "DE / A-1"}); err != nil || receipt != want {
		t.Error(receipt, err)
	}
	if run.Elapsed() != 3*time.Second {
		t.Error(run.Elapsed())
	}
}

func TestWhatIsNoImageIsSkipped(t *testing.T) {
	run := rondotest.New(t).Run("contact_sheet", Album{LongestSide: 100, Images: []Image{{"a", 400, 200}, {"b", 0, 0}}})
	sheet, err := rondotest.Result[ContactSheet](run)
	want := ContactSheet{Thumbnails: []Image{{"small/a", 100, 50}}, Skipped: []string{"b"}, Pixels: 5_000}
	if err != nil || !reflect.DeepEqual(sheet, want) {
		t.Error(sheet, err)
	}
}

func TestWhenTheApproverIsSilentTheManagerMayDecide(t *testing.T) {
	stage := rondotest.New(t)
	stage.EventAfter(90*time.Second, "decision", Decision{Approved: true, By: "Robin"})
	run := stage.Run("expense", Expense{Employee: "Kim", AmountCents: 120_000, TimeoutMs: 60_000})
	outcome, err := rondotest.Result[Outcome](run)
	if err != nil || *outcome.Booking != "Kim gets 1200.00" || run.CustomStatus() != `"approved"` {
		t.Error(outcome, err, run.Log())
	}
}

func TestSilenceIsANo(t *testing.T) {
	run := rondotest.New(t).Run("expense", Expense{Employee: "Kim", AmountCents: 120_000, TimeoutMs: 60_000})
	if outcome, err := rondotest.Result[Outcome](run); err != nil || outcome.By != "timeout" || run.Elapsed() != 2*time.Minute {
		t.Error(outcome, err)
	}
}

func TestWhatWasBookedBeforeTheFailureIsUndoneLastOneFirst(t *testing.T) {
	car := "convertible"
	run := rondotest.New(t).Run("trip", Trip{Traveller: "Lee", City: "Oslo", Nights: 3, Car: &car})
	booking, err := rondotest.Result[Booking](run)
	want := []Reservation{{"3 nights in Oslo", "HO691"}, {"flight to Oslo", "FL691"}}
	if err != nil || booking.Reason != "sold-out" || !slices.Equal(booking.Undone, want) {
		t.Error(booking, err)
	}
}

func TestTheWatchWarnsOnTheDay(t *testing.T) {
	run := rondotest.New(t).Run("watch", Watch{Host: "shop.example", ValidDays: 90, WarnDays: 14, DayMs: 86_400_000})
	warning, err := rondotest.Result[Warning](run)
	if err != nil || warning.Checks != 77 || run.Elapsed() != 76*24*time.Hour {
		t.Error(warning, err, run.Elapsed())
	}
}

func TestEveryWarehouseIsAnOrchestrationOfItsOwn(t *testing.T) {
	stage := rondotest.New(t)
	stage.InstanceID("order-1")
	run := stage.Run("fulfil", Basket{ID: "A-1", Lines: []Line{{"cup", 6, "north"}, {"pot", 1, "south"}, {"tea", 2, "north"}}})
	parcels, err := rondotest.Result[[]Parcel](run)
	if want := []Parcel{{"north", 8, 3_000}, {"south", 1, 550}}; err != nil || !slices.Equal(parcels, want) {
		t.Error(parcels, err)
	}
	if log := strings.Join(run.Log(), "\n"); !strings.Contains(log, "order-1-north: log info 2 of A-1's lines picked in north") {
		t.Error(log)
	}
}
