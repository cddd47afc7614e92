package random

import "testing"

const id = "00112233445566778899aabbccddeeff"

// What an execution has drawn may be anywhere in its history: these numbers must never change.
func TestDrawsAreWhatTheyAlwaysWere(t *testing.T) {
	want := []struct {
		high, low uint64
		uuid      string
		float     float64
	}{
		{0x736628fc23501e92, 0xa3505a9d7ce5b83c, "736628fc-2350-4e92-a350-5a9d7ce5b83c", 0.4507775893756051},
		{0xd32efdb57bb45bcd, 0x311113e5c7e522de, "d32efdb5-7bb4-4bcd-b111-13e5c7e522de", 0.8249357765268582},
		{0x2f3d8eb034c2f446, 0x0c95c98385e638b5, "2f3d8eb0-34c2-4446-8c95-c98385e638b5", 0.18453304101855017},
	}
	for index, want := range want {
		high, low := KeyOf(id).Draw(uint64(index))
		if high != want.high || low != want.low || UUID(high, low) != want.uuid || Float(high) != want.float {
			t.Errorf("draw %d: %x %x %s %v", index, high, low, UUID(high, low), Float(high))
		}
	}
}

func TestNumbersBelowAnEndAreSpreadEvenly(t *testing.T) {
	var counts [10]int
	for index := range uint64(10_000) {
		high, _ := KeyOf(id).Draw(index)
		counts[Below(high, 10)]++
	}
	for digit, count := range counts {
		if count < 900 || count > 1_100 {
			t.Errorf("%d was drawn %d times of 10000", digit, count)
		}
	}
	if Below(^uint64(0), 0) != 0 {
		t.Error("nothing is below 0")
	}
}

func TestIdsThatAreNoHexDigitsStillDiffer(t *testing.T) {
	if KeyOf("one") == KeyOf("two") || KeyOf("one").Seed() == 0 {
		t.Error("two ids have the same key")
	}
}
