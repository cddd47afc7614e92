// Package realloc exports what hosts need to pass arguments.
package realloc
