package main

import (
	"rondo"
	"rondo/activity"
)

// Fan-out and fan-in: all images of an album are scaled down at the same time, then counted together.

func init() {
	rondo.Register("contact_sheet", contactSheet, rondo.Description("Makes thumbnails of all images of an album at once."))
	activity.Register("scale_down", scaleDown, activity.Description("Makes one thumbnail."))
}

// Album is what to scale down, and to what.
type Album struct {
	Images []Image `json:"images"`
	// LongestSide: no side of a thumbnail is longer than this.
	LongestSide int `json:"longest_side"`
}

// Image is a picture; its sides are in pixels.
type Image struct {
	File   string `json:"file"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// Job is one piece of work.
type Job struct {
	Image       Image `json:"image"`
	LongestSide int   `json:"longest_side"`
}

// ContactSheet is what became of an album.
type ContactSheet struct {
	// Thumbnails are in the order of the originals.
	Thumbnails []Image `json:"thumbnails"`
	// Skipped are files that are no images.
	Skipped []string `json:"skipped"`
	// Pixels are those of all thumbnails together.
	Pixels int `json:"pixels"`
}

func contactSheet(ctx rondo.Context, album Album) (ContactSheet, error) {
	// A call is scheduled when it is made; waiting comes later. So all of them are scheduled in this turn.
	calls := make([]*rondo.Future, len(album.Images))
	for index, image := range album.Images {
		calls[index] = ctx.Activity("scale_down", Job{Image: image, LongestSide: album.LongestSide})
	}
	sheet := ContactSheet{}
	for index, call := range calls {
		thumbnail, err := rondo.Await[Image](call)
		switch rondo.KindOf(err) {
		case "":
			sheet.Thumbnails = append(sheet.Thumbnails, thumbnail)
			sheet.Pixels += thumbnail.Width * thumbnail.Height
		case "not-an-image":
			sheet.Skipped = append(sheet.Skipped, album.Images[index].File)
		default:
			return ContactSheet{}, err
		}
	}
	return sheet, nil
}

func scaleDown(_ activity.Context, job Job) (Image, error) {
	image := job.Image
	longest := max(image.Width, image.Height)
	if min(image.Width, image.Height) <= 0 {
		return Image{}, activity.NewFinalFailure("not-an-image", image.File+" has no pixels")
	}
	scale := func(side int) int { return max(side*min(job.LongestSide, longest)/longest, 1) }
	return Image{File: "small/" + image.File, Width: scale(image.Width), Height: scale(image.Height)}, nil
}
