package main

import (
	"fmt"

	"rondo"
	"rondo/activity"
)

// Function chaining: an order is checked, charged and handed to a carrier, one step after another.

func init() {
	rondo.Register("order", order, rondo.Description("Takes an order from quote to shipment."))
	activity.Register("quote", quote, activity.Description("Adds up an order, tax included."))
	activity.Register("charge", charge, activity.Description("Charges the customer's card."))
	activity.Register("ship", ship, activity.Description("Orders a parcel from the carrier."))
}

// Order is what a customer wants.
type Order struct {
	ID      string `json:"id"`
	Items   []Item `json:"items"`
	Country string `json:"country"`
}

// Item is one line of a basket.
type Item struct {
	SKU        string `json:"sku"`
	Quantity   int    `json:"quantity"`
	PriceCents int    `json:"price_cents"`
}

// Quote is what the customer has to pay, tax included.
type Quote struct {
	OrderID    string `json:"order_id"`
	TotalCents int    `json:"total_cents"`
}

// Payment is what the payment provider says.
type Payment struct {
	// Reference is the same for every attempt of one charge.
	Reference    string `json:"reference"`
	ChargedCents int    `json:"charged_cents"`
}

// Shipment is what the carrier gets.
type Shipment struct {
	Label   string `json:"label"`
	Parcels int    `json:"parcels"`
}

// Receipt is what the customer gets.
type Receipt struct {
	OrderID   string `json:"order_id"`
	PaidCents int    `json:"paid_cents"`
	Label     string `json:"label"`
}

func order(ctx rondo.Context, order Order) (Receipt, error) {
	quote, err := rondo.Call[Quote](ctx, "quote", order)
	if err != nil {
		return Receipt{}, err
	}
	payment, err := rondo.Call[Payment](ctx, "charge", quote, rondo.Retry{MaxAttempts: 5, Backoff: 2})
	if err != nil {
		return Receipt{}, err
	}
	ctx.Infof("order %s is paid: %s", order.ID, payment.Reference)
	shipment, err := rondo.Call[Shipment](ctx, "ship", order)
	return Receipt{OrderID: order.ID, PaidCents: payment.ChargedCents, Label: shipment.Label}, err
}

func quote(_ activity.Context, order Order) (Quote, error) {
	net, pieces := 0, 0
	for _, item := range order.Items {
		net += item.PriceCents * item.Quantity
		pieces += item.Quantity
	}
	if pieces == 0 {
		return Quote{}, activity.NewFinalFailure("empty-order", fmt.Sprintf("order %s has no items", order.ID))
	}
	taxPercent := map[string]int{"DE": 19, "FR": 20}[order.Country]
	return Quote{OrderID: order.ID, TotalCents: net + net*taxPercent/100}, nil
}

func charge(_ activity.Context, quote Quote) (Payment, error) {
	// An activity may run twice. A real provider would be called with this reference and charge once.
	return Payment{Reference: "pay-" + quote.OrderID, ChargedCents: quote.TotalCents}, nil
}

func ship(_ activity.Context, order Order) (Shipment, error) {
	pieces := 0
	for _, item := range order.Items {
		pieces += item.Quantity
	}
	return Shipment{Label: order.Country + " / " + order.ID, Parcels: (pieces + 9) / 10}, nil
}
