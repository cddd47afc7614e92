// Package watch runs guest code and notices when it waits for something that will never come.
package watch
