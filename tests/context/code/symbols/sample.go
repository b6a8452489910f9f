// Package cache keeps answers – for a while.
package cache

import (
	"context"
	"fmt"
	stdtime "time"

	"example.com/app/internal/store"
)

import _ "embed"

// ErrMissing says that there is nothing.
var ErrMissing = fmt.Errorf("missing: %s", "ключ")

const (
	// Small is for tests.
	Small = 10
	Large = 1000
)

type (
	Key   = string
	Value []byte
)

// Backend stores values.
type Backend interface {
	store.Reader
	Get(ctx context.Context, key Key) (Value, error)
}

// Cache is a Backend with a limit.
//
// It may be shared.
type Cache[T any] struct {
	backend Backend
	limit   int
	seen    map[Key]stdtime.Time
}

func New(backend Backend) *Cache[Value] {
	return &Cache[Value]{backend: backend, limit: Large}
}

// Get asks the backend.
func (c *Cache[T]) Get(
	ctx context.Context,
	key Key,
) (Value, error) {
	now := stdtime.Now()
	var found Value
	if value, err := c.backend.Get(ctx, key); err == nil {
		found = value
	}
	c.seen[key] = now
	return found, check(found)
}

func (v Value) String() string { return string(v) }

func check(v Value) error {
	if len(v) == 0 {
		return ErrMissing
	}
	return nil
}
