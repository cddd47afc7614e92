// Package main is one component with all examples, a file each.
package main

// A component has no main function; Go wants one. Every file registers what it has in an init function.
func main() {}
