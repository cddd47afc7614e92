package main

import (
	"fmt"
	"maps"
	"slices"

	"rondo"
	"rondo/activity"
)

// Sub-orchestrations: an order is split between warehouses; each part is an orchestration of its own.

func init() {
	rondo.Register("fulfil", fulfil, rondo.Description("Has an order delivered by all warehouses it needs."))
	rondo.Register("warehouse/ship_part", shipPart, rondo.Description("Picks and packs what one warehouse delivers."))
	activity.Register("warehouse/pick", pick, activity.Description("Takes the articles of one line from their shelf."))
	activity.Register("warehouse/pack", pack, activity.Description("Puts what was picked into one parcel."))
}

// Basket is what a customer wants from several warehouses.
type Basket struct {
	ID    string `json:"id"`
	Lines []Line `json:"lines"`
}

// Line is one line of a basket.
type Line struct {
	SKU       string `json:"sku"`
	Quantity  int    `json:"quantity"`
	Warehouse string `json:"warehouse"`
}

// Part is what one warehouse delivers.
type Part struct {
	Warehouse string `json:"warehouse"`
	Lines     []Line `json:"lines"`
}

// Picked are the articles of a part, by lines.
type Picked struct {
	Warehouse string `json:"warehouse"`
	Pieces    []int  `json:"pieces"`
}

// Parcel is on its way.
type Parcel struct {
	Warehouse string `json:"warehouse"`
	Pieces    int    `json:"pieces"`
	WeightG   int    `json:"weight_g"`
}

func fulfil(ctx rondo.Context, basket Basket) ([]Parcel, error) {
	parts := map[string][]Line{}
	for _, line := range basket.Lines {
		parts[line.Warehouse] = append(parts[line.Warehouse], line)
	}
	var children []*rondo.Future
	// Sorted: the order in which a map is read is no one's to rely on.
	for _, warehouse := range slices.Sorted(maps.Keys(parts)) {
		children = append(children, ctx.Child("warehouse/ship_part", Part{Warehouse: warehouse, Lines: parts[warehouse]},
			rondo.InstanceID(ctx.InstanceID()+"-"+warehouse), rondo.Tag("order", basket.ID)))
	}
	return rondo.AwaitAll[Parcel](children...)
}

func shipPart(ctx rondo.Context, part Part) (Parcel, error) {
	picks := make([]*rondo.Future, len(part.Lines))
	for index, line := range part.Lines {
		picks[index] = ctx.Activity("warehouse/pick", line)
	}
	pieces, err := rondo.AwaitAll[int](picks...)
	if err != nil {
		return Parcel{}, err
	}
	order, _ := ctx.Tag("order")
	ctx.Infof("%d of %s's lines picked in %s", len(pieces), order, part.Warehouse)
	return rondo.Call[Parcel](ctx, "warehouse/pack", Picked{Warehouse: part.Warehouse, Pieces: pieces})
}

func pick(_ activity.Context, line Line) (int, error) {
	if line.Quantity > 100 {
		return 0, activity.NewFinalFailure("out-of-stock", fmt.Sprintf("no %d times %s", line.Quantity, line.SKU))
	}
	return line.Quantity, nil
}

func pack(_ activity.Context, picked Picked) (Parcel, error) {
	pieces := 0
	for _, count := range picked.Pieces {
		pieces += count
	}
	return Parcel{Warehouse: picked.Warehouse, Pieces: pieces, WeightG: 200 + 350*pieces}, nil
}
