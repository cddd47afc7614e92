// Package abi lowers and lifts the contract's types: the canonical ABI of wit/types.wit, written out by hand.
//
// Every offset and size below follows from the order of the fields there. A list or a text is its address and its
// length; an option is a byte and then, at its own alignment, the value; a variant is a byte and then, at the largest
// alignment of its cases, the payload.
package abi

// Sizes in bytes.
const (
	sizeText       = 8
	sizeOptionText = 12
	sizeTag        = 2 * sizeText
	sizeDefinition = 2 * sizeText
	sizeFailure    = 32
	sizeEvent      = 40
	sizeTurn       = 16
	sizeAction     = 144
	sizeList       = 8
	sizeResult     = 36
)

// The number of each case of an action.
const (
	caseScheduleActivity = iota
	caseCreateTimer
	caseStartChild
	caseWaitEvent
	caseSendEvent
	caseCancel
	caseSetCustomStatus
	caseLog
	caseContinueAsNew
	caseComplete
	caseFail
)

// Where the payload of a variant begins.
const (
	payloadOfEvent  = 4
	payloadOfAction = 8
	payloadOfResult = 4
)
