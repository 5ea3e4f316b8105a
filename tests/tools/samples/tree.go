// Package tree holds sorted numbers; é.
package tree

import (
	"errors"
	"fmt"
)

// ErrEmpty is told by Min.
var ErrEmpty = errors.New("empty")

// Node is one of them.
type Node struct {
	value       int `json:"value"`
	left, right *Node
}

type Walker interface {
	Walk(f func(int)) // in order
}

// Insert puts a value in.
func (n *Node) Insert(value int) *Node {
	if n == nil {
		return &Node{value: value}
	}
	if value < n.value {
		n.left = n.left.Insert(value)
	} else {
		n.right = n.right.Insert(value)
	}
	return n
}

func (n Node) String() string { return fmt.Sprintf(`%d
of many`, n.value) }

func largest[T int | float64](all ...T) (best T) {
	for _, one := range all {
		if one > best {
			best = one
		}
	}
	return
}

func Both() (int, error) { return largest(1, 2), ErrEmpty }
